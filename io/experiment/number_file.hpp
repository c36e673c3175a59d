// Tables of numbers from files: CSV, NumPy's .npy, and HDF5.
#pragma once

#include <string>

#include "networks/pairs/number_table.hpp"

namespace rheo {

// A file *.csv without a header, lines that begin with # apart; a file *.npy of version 1 to 3 with an array of two
// dimensions in C order, of little-endian reals (f4, f8), integers or truth values; or a dataset of two dimensions in
// an HDF5 file. `dataset` is empty for the first two. Throws ExperimentError with the file, and with line or row and
// column where one entry is wrong; h5::Error where HDF5 cannot be read.
NumberTable read_number_file(const std::string& path, const std::string& dataset);

// A file of NumPy, whatever its name; of one dimension, a column.
NumberTable read_npy_file(const std::string& path);

}  // namespace rheo
