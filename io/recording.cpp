#include "io/recording.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "io/provenance.hpp"

namespace rheo {

namespace fs = std::filesystem;

namespace {

std::string system_message(int code) {
  return std::generic_category().message(code);
}

void sync(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) refuse_recording(path, "cannot be opened (" + system_message(errno) + ")");
  const int code = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  // Directories of some file systems cannot be synchronised; their entries are safe in other ways.
  if (code != 0 && code != EINVAL && code != EROFS)
    refuse_recording(path, "cannot be written (" + system_message(code) + ")");
}

}  // namespace

void refuse_recording(const fs::path& file, std::string problem, std::string expected) {
  throw RecordingError({.file = file.string(),
                        .key = {},
                        .value = {},
                        .problem = std::move(problem),
                        .expected = std::move(expected),
                        .suggestion = {}});
}

fs::path part_of(const fs::path& sealed) {
  return fs::path(sealed).concat(".part");
}

namespace {

fs::path begun_of(const fs::path& part) {
  return fs::path(part).concat(".new");
}

}  // namespace

std::vector<fs::path> unfinished_recordings(const fs::path& directory, const std::string& group) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".part" || entry.path().filename() == "spikes.h5.part") continue;
    try {
      if (h5::File::open(entry.path().string(), h5::File::Access::sealed_or_live).has_group(group))
        found.push_back(entry.path().parent_path() / entry.path().stem());
    } catch (const h5::Error&) {
      // Somebody else's file.
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::uint64_t whole_rows(const h5::Dataset& counts) {
  std::uint64_t rows = 0;
  // The last count may have been cut short: what is not larger than the one before was never written.
  for (const std::uint64_t count : counts.read<std::uint64_t>()) {
    if (count <= rows) break;
    rows = count;
  }
  return rows;
}

RecordingLock::RecordingLock(const fs::path& sealed)
    : lock_(sealed, sealed.parent_path(), "another process is recording " + sealed.stem().string() + " here",
            "one recording per directory at a time") {}

void describe_sonata_file(h5::File& file) {
  file.set_number<std::uint32_t>("magic", 0x0A7A);
  const std::array<std::uint32_t, 2> version{0, 1};
  file.set_numbers<std::uint32_t>("version", version);
}

PartFile create_part(const fs::path& sealed, const RecordingOptions& options) {
  const fs::path part = part_of(sealed);
  std::optional<h5::File> earlier;
  if (options.resume_at) {
    if (!fs::exists(part) && !fs::exists(sealed))
      refuse_recording(sealed, "is missing, and so is its .part file: what was recorded before the checkpoint is lost",
                       "the directory as the run left it");
    earlier = h5::File::open((fs::exists(part) ? part : sealed).string(), h5::File::Access::sealed_or_live);
  } else if (fs::exists(part) && !options.discard_unfinished) {
    refuse_recording(part, "an interrupted run left its " + sealed.stem().string() + " here",
                     "\"rheo recover " + sealed.parent_path().string() + "\" first, or another directory");
  }
  h5::File file = h5::File::create(begun_of(part).string(), h5::File::Layout::live);
  describe_sonata_file(file);
  return {std::move(file), std::move(earlier)};
}

void start_part(const fs::path& sealed, PartFile& part) {
  const fs::path name = part_of(sealed);
  part.file.start_live();
  part.file.flush();
  if (part.earlier) sync(begun_of(name));
  part.earlier.reset();
  fs::rename(begun_of(name), name);
  part.file.renamed(name.string());
}

void sync_part(const fs::path& sealed) {
  sync(part_of(sealed));
}

void write_durably(const fs::path& file, h5::File::Layout layout, const std::function<void(h5::File&)>& fill,
                   const std::function<void()>& before_rename) {
  const fs::path draft = fs::path(file).concat(".tmp");
  try {
    h5::File to = h5::File::create(draft.string(), layout);
    fill(to);
    to.close();
    sync(draft);
    if (before_rename) before_rename();
    fs::rename(draft, file);
  } catch (...) {
    std::error_code ignored;
    fs::remove(draft, ignored);
    throw;
  }
  sync(file.has_parent_path() ? file.parent_path() : ".");
}

void write_whole_text(const fs::path& file, const std::function<void(std::ostream&)>& fill) {
  // Several processes may write the same file, each under a name of its own.
  const fs::path draft = fs::path(file).concat(fmt::format(".{}.{}.tmp", host_name(), ::getpid()));
  errno = 0;
  std::ofstream stream(draft, std::ios::binary);
  fill(stream);
  stream.close();
  if (stream && ::rename(draft.c_str(), file.c_str()) == 0) return;
  const int code = errno;
  ::unlink(draft.c_str());
  refuse_recording(file, fmt::format("cannot be written ({})", system_message(code)));
}

void write_whole(const fs::path& file, const std::function<void(h5::File&)>& fill) {
  write_durably(file, h5::File::Layout::sealed, [&](h5::File& to) {
    describe_sonata_file(to);
    fill(to);
  });
}

void seal_part(const fs::path& sealed, const std::function<void(const h5::File&, h5::File&)>& rewrite) {
  write_whole(sealed, [&](h5::File& to) {
    const h5::File from = h5::File::open(part_of(sealed).string(), h5::File::Access::sealed_or_live);
    rewrite(from, to);
  });
  fs::remove(part_of(sealed));
  std::error_code ignored;
  fs::remove(begun_of(part_of(sealed)), ignored);  // of a resume that was killed
}

}  // namespace rheo
