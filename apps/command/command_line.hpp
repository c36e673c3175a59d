#pragma once

#include <string>
#include <vector>

namespace rheo {

// Does what the words behind the program's name ask for. Returns the exit code. Throws what the commands throw.
int run_command_line(std::vector<std::string> words);
// The same as a program does it, with a message on stderr instead of what is thrown.
int run_rheo(std::vector<std::string> words);

}  // namespace rheo
