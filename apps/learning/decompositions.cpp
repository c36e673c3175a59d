#include "apps/learning/decompositions.hpp"

#include <Eigen/Eigenvalues>

namespace rheo {

Eigen::MatrixXd orthonormal_basis(const MatrixView& columns) {
  Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(columns.rows(), columns.cols());
  qr.setThreshold(1e-12);
  qr.compute(columns);
  Eigen::MatrixXd basis = Eigen::MatrixXd::Identity(columns.rows(), qr.rank());
  basis.applyOnTheLeft(qr.householderQ());
  return basis;
}

Matrix orthonormal_columns(const Matrix& columns) {
  return Eigen::HouseholderQR<Matrix>(columns).householderQ() * Matrix::Identity(columns.rows(), columns.cols());
}

Eigen::VectorXd small_singular_values(const Eigen::MatrixXd& matrix) {
  return Eigen::JacobiSVD<Eigen::MatrixXd>(matrix).singularValues();
}

Eigen::VectorXd large_singular_values(const MatrixView& matrix) {
  return Eigen::BDCSVD<Eigen::MatrixXd>(matrix).singularValues();
}

Eigenpairs eigenpairs(const Eigen::MatrixXd& symmetric) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(symmetric);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

}  // namespace rheo
