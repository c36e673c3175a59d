#include "io/files/recording.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "io/files/provenance.hpp"

namespace rheo {

namespace fs = std::filesystem;

namespace {

std::string system_message(int code) {
  return std::generic_category().message(code);
}

void sync(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) reject_recording(path, "cannot be opened (" + system_message(errno) + ")");
  const int code = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  // Directories of some file systems cannot be synchronised; their entries are safe in other ways.
  if (code != 0 && code != EINVAL && code != EROFS)
    reject_recording(path, "cannot be written (" + system_message(code) + ")");
}

}  // namespace

void reject_recording(const fs::path& file, std::string problem, std::string expected) {
  throw RecordingError({.file = file.string(), .problem = std::move(problem), .expected = std::move(expected)});
}

void note_storage(h5::Dataset& counts, h5::Storage storage) {
  counts.set_number<std::uint8_t>("storage", static_cast<std::uint8_t>(storage));
}

h5::Storage stored_storage(const std::optional<std::vector<std::uint8_t>>& noted) {
  if (!noted || noted->size() != 1) return h5::Storage::by_its_first;
  const auto storage = static_cast<h5::Storage>(noted->front());
  return storage == h5::Storage::checked || storage == h5::Storage::compressed ? storage : h5::Storage::by_its_first;
}

fs::path part_of(const fs::path& sealed) {
  return fs::path(sealed).concat(".part");
}

namespace {

fs::path begun_of(const fs::path& part) {
  return fs::path(part).concat(".new");
}

std::string what_can_be_saved(const fs::path& sealed) {
  return "\"rheo recover " + sealed.parent_path().string() + "\" keeps what is whole";
}

}  // namespace

std::vector<fs::path> unfinished_recordings(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (!entry.path().filename().string().ends_with(".h5.part")) continue;
    const fs::path sealed = entry.path().parent_path() / entry.path().stem();
    try {
      const h5::File file = h5::File::open(entry.path().string(), h5::File::Access::sealed_or_left);
      const std::vector<std::string> names = file.list();
      const auto has = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
      const bool is_spikes = sealed.filename() == "spikes.h5" && has("spikes");
      if (!is_spikes && !has("report") && !has("weights")) continue;  // somebody else's
    } catch (const h5::Error&) {
      // Recovering it says why.
    }
    found.push_back(sealed);
  }
  std::sort(found.begin(), found.end());
  return found;
}

namespace {

std::uint64_t last_count(const h5::Dataset& counts, std::uint64_t readable) {
  std::uint64_t rows = 0;
  // The last count may have been cut short: what is not larger than the one before was never written.
  for (const std::uint64_t count : counts.read<std::uint64_t>(0, readable)) {
    if (count <= rows) break;
    rows = count;
  }
  return rows;
}

}  // namespace

std::uint64_t whole_rows(const h5::Dataset& counts) {
  return last_count(counts, counts.rows());
}

std::uint64_t whole_rows(const h5::Dataset& counts, std::vector<Loss>& lost) {
  const h5::Dataset::WholeRows readable = counts.whole_rows(counts.rows());
  if (!readable.problem.empty()) lost.push_back({counts.path(), readable.problem});
  return last_count(counts, readable.rows);
}

std::uint64_t rows_to_keep(const h5::Dataset& data, std::uint64_t rows, std::vector<Loss>& lost) {
  const h5::Dataset::WholeRows whole = data.whole_rows(rows);
  if (whole.rows < rows) lost.push_back({data.path(), whole.problem, rows - whole.rows});
  return whole.rows;
}

RecordingLock::RecordingLock(const fs::path& sealed)
    : lock_(sealed, sealed.parent_path(), "another process is recording " + sealed.stem().string() + " here",
            "one recording per directory at a time") {}

void describe_sonata_file(h5::File& file) {
  file.set_number<std::uint32_t>("magic", 0x0A7A);
  const std::array<std::uint32_t, 2> version{0, 1};
  file.set_numbers<std::uint32_t>("version", version);
}

GrowingRecording::GrowingRecording(const fs::path& directory, const std::string& name, const RecordingOptions& options)
    : GrowingRecording(directory / name) {
  const fs::path part = part_of(sealed_);
  std::error_code code;
  fs::create_directories(directory, code);
  if (code) reject_recording(directory, "the directory cannot be made (" + code.message() + ")");
  lock_.emplace(sealed_);
  if (options.resume_at) {
    if (!fs::exists(part) && !fs::exists(sealed_))
      reject_recording(sealed_, "is missing, and so is its .part file: what was recorded before the checkpoint is lost",
                       "the directory as the run left it");
    earlier_ = h5::File::open((fs::exists(part) ? part : sealed_).string(), h5::File::Access::sealed_or_left);
  } else if (fs::exists(part) && !options.discard_unfinished) {
    reject_recording(part, "an interrupted run left its " + sealed_.stem().string() + " here",
                     "\"rheo recover " + sealed_.parent_path().string() + "\" first, or another directory");
  }
  is_draft_ = true;
  file_ = h5::File::create(begun_of(part).string(), h5::File::Layout::live);
  describe_sonata_file(*file_);
}

GrowingRecording::~GrowingRecording() {
  file_.reset();
  const fs::path draft = begun_of(part_of(sealed_));
  std::error_code ignored;
  if (is_draft_ && fs::is_regular_file(draft, ignored)) fs::remove(draft, ignored);
}

void GrowingRecording::start() {
  const fs::path name = part_of(sealed_);
  file_->start_live();
  file_->flush();
  if (earlier_) sync(begun_of(name));
  earlier_.reset();
  fs::rename(begun_of(name), name);
  is_draft_ = false;
  file_->renamed(name.string());
}

void GrowingRecording::resume(const std::function<void(const h5::File&)>& copy) const {
  if (!earlier_) return;
  try {
    copy(*earlier_);
  } catch (const h5::Error& error) {
    Complaint complaint = error.complaint();
    if (complaint.file == earlier_->file())
      complaint.expected = "what was recorded before the checkpoint (" + what_can_be_saved(sealed_) + ")";
    throw RecordingError(std::move(complaint));
  }
}

void GrowingRecording::write(const std::function<void()>& step) {
  try {
    recording_step(part_of(sealed_), step);
  } catch (...) {
    file_->give_up();
    throw;
  }
}

void GrowingRecording::close() {
  file_->close();
  file_.reset();
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
  reject_recording(file, fmt::format("cannot be written ({})", system_message(code)));
}

void write_whole(const fs::path& file, const std::function<void(h5::File&)>& fill) {
  write_durably(file, h5::File::Layout::sealed, [&](h5::File& to) {
    describe_sonata_file(to);
    fill(to);
  });
}

void seal_part(const fs::path& sealed, const std::function<void(const h5::File&, h5::File&)>& rewrite,
               const std::vector<Loss>& lost) {
  write_whole(sealed, [&](h5::File& to) {
    const h5::File from = h5::File::open(part_of(sealed).string(), h5::File::Access::sealed_or_left);
    rewrite(from, to);
  });
  if (lost.empty())
    fs::remove(part_of(sealed));
  else
    fs::rename(part_of(sealed), damaged_of(sealed));
  std::error_code ignored;
  fs::remove(begun_of(part_of(sealed)), ignored);  // of a resume that was killed
}

fs::path damaged_of(const fs::path& sealed) {
  return part_of(sealed).concat(".damaged");
}

}  // namespace rheo
