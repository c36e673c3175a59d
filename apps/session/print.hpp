#pragma once

#include <string>

namespace rheo {

// Writes to stdout. A reader that has gone away (rheo models | head) is no error; a disk that is full is, as a
// UserError.
void print(const std::string& text);

}  // namespace rheo
