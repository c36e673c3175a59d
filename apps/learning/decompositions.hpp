// Eigen's decompositions, which take long to compile, behind plain functions: each is compiled once, in
// decompositions.cpp.
#pragma once

#include "apps/learning/matrix.hpp"

namespace rheo {

// Orthonormal columns that span the same space; fewer where some depend on others.
Eigen::MatrixXd orthonormal_basis(const MatrixView& columns);
// Orthonormal columns that span the space of independent columns.
Matrix orthonormal_columns(const Matrix& columns);

// Descending: of a small matrix, as exact as can be, and of a large one.
Eigen::VectorXd small_singular_values(const Eigen::MatrixXd& matrix);
Eigen::VectorXd large_singular_values(const MatrixView& matrix);

// Of a symmetric matrix, of which the lower triangle is read; ascending, the vectors as columns.
struct Eigenpairs {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};
Eigenpairs eigenpairs(const Eigen::MatrixXd& symmetric);

}  // namespace rheo
