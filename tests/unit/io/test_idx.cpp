// Images in IDX files, plain or compressed, and what is said of damaged ones; drawn digits.
#include <zlib.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "apps/continual/glyphs.hpp"
#include "io/files/idx.hpp"
#include "tests/files.hpp"

namespace test_idx {

namespace {

std::string word(std::uint32_t x) {
  return {static_cast<char>(x >> 24), static_cast<char>(x >> 16), static_cast<char>(x >> 8), static_cast<char>(x)};
}

// Three images of 2 x 2.
const std::string images = word(0x803) + word(3) + word(2) + word(2) + std::string("abcdefghijkl");
const std::string labels = word(0x801) + word(3) + std::string("\1\0\7", 3);

void write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}
void write_compressed(const fs::path& file, const std::string& bytes) {
  gzFile to = ::gzopen(file.c_str(), "wb");
  REQUIRE(::gzwrite(to, bytes.data(), static_cast<unsigned>(bytes.size())) == static_cast<int>(bytes.size()));
  ::gzclose(to);
}

}  // namespace

TEST_CASE("labels beyond the classes are refused with file, index and value", "[idx]") {
  rheo::LabelledImages read;
  const auto said = [&](std::vector<std::uint8_t> all, std::size_t classes = 0) -> std::string {
    read.labels = std::move(all);
    try {
      return std::to_string(rheo::count_classes(read, "labels", classes));
    } catch (const rheo::ImageError& error) {
      return error.what();
    }
  };
  CHECK(said({1, 0, 2}) == "3");
  CHECK(said({1, 1, 2}, 10) == "10");  // the file says how many there are
  CHECK(said({255, 255}) ==
        "labels: label 0 = 255: is beyond the classes: no image is of class 0; expected labels 0, 1, 2, ... without a "
        "gap, or their number in task.data.classes");
  CHECK(said({0, 1, 9}) ==
        "labels: label 2 = 9: is beyond the classes: no image is of class 2; expected labels 0, 1, 2, ... without a "
        "gap, or their number in task.data.classes");
  CHECK(said({0, 1, 10}, 10) == "labels: label 2 = 10: is beyond the 10 classes; expected labels from 0 to 9");
  CHECK(said({255}, 256) == "256");
}

TEST_CASE("IDX files are read, compressed or not", "[idx]") {
  const Scratch scratch;
  write(scratch / "images", images);
  write_compressed(scratch / "images.gz", images);
  write(scratch / "labels", labels);
  write_compressed(scratch / "labels.gz", labels);
  for (const char* a : {"images", "images.gz"})
    for (const char* b : {"labels", "labels.gz"}) {
      const rheo::LabelledImages read = rheo::read_idx(scratch / a, scratch / b);
      CHECK(read.rows == 2);
      CHECK(read.columns == 2);
      CHECK(read.pixels == std::vector<std::uint8_t>(images.begin() + 16, images.end()));
      CHECK(read.labels == std::vector<std::uint8_t>{1, 0, 7});
    }
}

TEST_CASE("damaged IDX files are refused", "[idx]") {
  const Scratch scratch;
  write(scratch / "images", images);
  write(scratch / "labels", labels);
  const auto complaint = [&](const std::string& a, const std::string& b) {
    write(scratch / "a", a);
    write(scratch / "b", b);
    try {
      rheo::read_idx(scratch / "a", scratch / "b");
    } catch (const rheo::ImageError& error) {
      std::string text = error.what();
      for (std::size_t at; (at = text.find(scratch.path.string() + "/")) != std::string::npos;)
        text.erase(at, scratch.path.string().size() + 1);
      return text;
    }
    return std::string("nothing");
  };
  CHECK(complaint(images, labels) == "nothing");
  CHECK(complaint("", labels) == "a: is cut short within its sizes; expected an IDX file");
  CHECK(complaint(images.substr(0, 10), labels) == "a: is cut short within its sizes; expected an IDX file");
  CHECK(complaint(labels, labels) == "a: magic = 0x00000801: is no IDX file of images; expected 0x00000803");
  CHECK(complaint(images, images) == "b: magic = 0x00000803: is no IDX file of labels; expected 0x00000801");
  CHECK(complaint(images.substr(0, 20), labels) == "a: content = 4 bytes: is cut short; expected 12 bytes");
  CHECK(complaint(images + "x", labels) == "a: goes on after the last number; expected 12 bytes");
  CHECK(complaint(images, word(0x801) + word(2) + "ab") ==
        "b: sizes = 2 labels: do not fit the images of a; expected 3");
  CHECK(complaint(word(0x803) + word(0) + word(2) + word(2), labels) ==
        "a: sizes = 0: holds no image; expected at least one image");
  CHECK(complaint(word(0x803) + word(3) + word(0) + word(2), labels) ==
        "a: sizes = 0 x 2: no size of an image; expected as 28 x 28");
  // A size that nobody has must not take memory.
  CHECK(complaint(word(0x803) + word(0xffffffff) + word(2000) + word(2000) + "abc", labels).find("is cut short") !=
        std::string::npos);
  CHECK(complaint(word(0x803) + word(1) + word(0xffffffff) + word(0xffffffff), labels).find("no size of an image") !=
        std::string::npos);
  // Compressed, and cut short or with a wrong byte.
  write_compressed(scratch / "whole.gz", images);
  std::string packed = bytes_of(scratch / "whole.gz");
  CHECK(complaint(packed.substr(0, packed.size() - 9), labels).find("cannot be read") != std::string::npos);
  packed[packed.size() - 6] ^= 1;
  CHECK(complaint(packed, labels).find("cannot be read") != std::string::npos);
  try {
    rheo::read_idx(scratch / "none", scratch / "labels");
    FAIL("read what is not there");
  } catch (const rheo::ImageError& error) {
    CHECK(std::string(error.what()).find("none: cannot be opened (No such file or directory)") != std::string::npos);
  }
}

TEST_CASE("drawn digits are a function of seed and number", "[idx]") {
  const rheo::LabelledImages all = rheo::draw_glyphs(40, 16, 3), later = rheo::draw_glyphs(15, 16, 3, 25);
  CHECK(all.rows == 16);
  CHECK(all.labels[27] == 7);
  CHECK(std::equal(later.pixels.begin(), later.pixels.end(), all.pixels.begin() + 25 * 256));
  CHECK(later.labels[0] == 5);
  CHECK(rheo::draw_glyphs(40, 16, 4).pixels != all.pixels);
  // Ink in the middle, none at the corners; no two images alike.
  for (std::size_t image = 0; image < 40; ++image) {
    const auto* pixels = all.pixels.data() + image * 256;
    CHECK(std::count_if(pixels, pixels + 256, [](int x) { return x > 128; }) > 10);
    CHECK(std::count_if(pixels, pixels + 256, [](int x) { return x > 128; }) < 128);
    CHECK(pixels[0] < 100);
  }
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::uint8_t x : all.pixels) hash = (hash ^ x) * 0x100000001b3u;
  CHECK(hash == 0xc7e1bb6ca173f6dfu);
}

}  // namespace test_idx
