#include "io/files/idx.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

namespace rheo {

namespace {

[[noreturn]] void reject_idx(const std::string& file, std::string key, std::string value, std::string problem,
                             std::string expected) {
  throw ImageError({.file = file,
                    .key = std::move(key),
                    .value = std::move(value),
                    .problem = std::move(problem),
                    .expected = std::move(expected)});
}

// A file of unsigned bytes in so many dimensions.
class IdxFile {
 public:
  explicit IdxFile(const std::string& name) : name_(name), file_(::gzopen(name.c_str(), "rb"), &::gzclose) {
    if (!file_) reject_idx(name, {}, {}, fmt::format("cannot be opened ({})", std::strerror(errno)), "an IDX file");
    ::gzbuffer(file_.get(), 1 << 17);
  }

  // Sizes of the dimensions.
  std::vector<std::size_t> header(std::size_t dimensions, const char* what) {
    const std::uint32_t magic = word(), wanted = 0x0800u + static_cast<std::uint32_t>(dimensions);
    if (magic != wanted)
      reject_idx(name_, "magic", fmt::format("0x{:08x}", magic), fmt::format("is no IDX file of {}", what),
                 fmt::format("0x{:08x}", wanted));
    std::vector<std::size_t> sizes;
    for (std::size_t d = 0; d < dimensions; ++d) sizes.push_back(word());
    return sizes;
  }

  // The rest of the file, which must be so many bytes.
  std::vector<std::uint8_t> content(std::size_t bytes) {
    // Grows with what is there: a damaged size must not take memory.
    std::vector<std::uint8_t> all;
    while (all.size() < bytes) {
      const std::size_t had = all.size(), more = std::min<std::size_t>(bytes - had, std::size_t{1} << 24);
      all.resize(had + more);
      const std::size_t got = read(all.data() + had, more);
      if (got < more)
        reject_idx(name_, "content", fmt::format("{} bytes", had + got), "is cut short",
                   fmt::format("{} bytes", bytes));
    }
    std::uint8_t beyond = 0;
    if (read(&beyond, 1) != 0)
      reject_idx(name_, {}, {}, "goes on after the last number", fmt::format("{} bytes", bytes));
    return all;
  }

 private:
  std::size_t read(std::uint8_t* to, std::size_t bytes) {
    const int got = ::gzread(file_.get(), to, static_cast<unsigned>(bytes));
    int code = Z_OK;
    const char* const message = ::gzerror(file_.get(), &code);
    if (got < 0 || (code != Z_OK))
      reject_idx(name_, {}, {}, fmt::format("cannot be read ({})", code == Z_ERRNO ? std::strerror(errno) : message),
                 "an IDX file, compressed with gzip or not");
    return static_cast<std::size_t>(got);
  }
  std::uint32_t word() {
    std::array<std::uint8_t, 4> bytes{};
    if (read(bytes.data(), 4) != 4) reject_idx(name_, {}, {}, "is cut short within its sizes", "an IDX file");
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
  }

  std::string name_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

}  // namespace

LabelledImages read_idx(const std::string& images, const std::string& labels) {
  LabelledImages made;
  IdxFile image_file(images);
  const auto sizes = image_file.header(3, "images");
  made.rows = sizes[1];
  made.columns = sizes[2];
  constexpr std::size_t most_pixels = 1 << 24;
  if (made.rows == 0 || made.columns == 0 || made.rows > most_pixels / made.columns)
    reject_idx(images, "sizes", fmt::format("{} x {}", made.rows, made.columns), "no size of an image", "as 28 x 28");
  if (sizes[0] == 0) reject_idx(images, "sizes", "0", "holds no image", "at least one image");
  made.pixels = image_file.content(sizes[0] * made.rows * made.columns);
  IdxFile label_file(labels);
  const std::size_t count = label_file.header(1, "labels")[0];
  if (count != sizes[0])
    reject_idx(labels, "sizes", fmt::format("{} labels", count), fmt::format("do not fit the images of {}", images),
               fmt::format("{}", sizes[0]));
  made.labels = label_file.content(count);
  return made;
}

std::size_t count_classes(const LabelledImages& images, const std::string& labels, std::size_t classes) {
  std::array<bool, 256> occurs{};
  for (const std::uint8_t label : images.labels) occurs[label] = true;
  std::size_t all = 256, missing = 0;
  while (all > 0 && !occurs[all - 1]) --all;
  while (missing < all && occurs[missing]) ++missing;
  const std::size_t limit = classes != 0 ? classes : missing;
  if (all <= limit) return classes != 0 ? classes : all;
  const auto first =
      std::find_if(images.labels.begin(), images.labels.end(), [&](auto label) { return label >= limit; });
  reject_idx(labels, fmt::format("label {}", first - images.labels.begin()), fmt::format("{}", *first),
             classes != 0 ? fmt::format("is beyond the {} classes", classes)
                          : fmt::format("is beyond the classes: no image is of class {}", missing),
             classes != 0 ? fmt::format("labels from 0 to {}", classes - 1)
                          : std::string("labels 0, 1, 2, ... without a gap, or their number in task.data.classes"));
}

}  // namespace rheo
