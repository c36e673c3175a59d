// What all recordings have in common: while the simulation runs they grow as <name>.part, which can be read meanwhile
// (SWMR) and survives kill -9; at the end they are sealed, rewritten as <name> in canonical form, so that the same
// results are the same bytes. A lock marks a live recording; it vanishes with the process.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/types.hpp"
#include "io/files/file_lock.hpp"
#include "io/h5/h5.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// How a recorder hands over and writes.
struct RecordingOptions {
  std::size_t chunk = std::size_t{1} << 16;       // values that are handed to the writer together
  std::chrono::milliseconds flush_interval{500};  // values wait no longer than this, with or without a full chunk
  bool discard_unfinished = false;                // true: replace a .part that a killed run left
  // Goes on with what an earlier run recorded up to this tick, from its .part file or, where there is none, the sealed
  // one; what it recorded later is dropped.
  std::optional<Tick> resume_at{};
  // The recording takes the place of the earlier one only with start(), before anything is taken: where one of several
  // recordings cannot be gone on with, all of them stay as they are.
  bool wait_for_start = false;
};

[[noreturn]] void reject_recording(const std::filesystem::path& file, std::string problem, std::string expected = {});

// Whatever a step of recording throws, as a RecordingError.
template <class Step>
auto recording_step(const std::filesystem::path& file, Step&& step) {
  try {
    return step();
  } catch (const RecordingError&) {
    throw;
  } catch (const UserError& error) {
    throw RecordingError(error.complaint());
  } catch (const std::exception& error) {
    reject_recording(file, error.what());
  }
}

// How states or weights are stored, from the key `compress` of an experiment.
inline h5::Storage storage_of(std::optional<bool> compress) {
  if (!compress) return h5::Storage::by_its_first;
  return *compress ? h5::Storage::compressed : h5::Storage::checked;
}

// The same for those who seal a .part file: as an attribute of its list of counts. Files without are of older versions.
void note_storage(h5::Dataset& counts, h5::Storage storage);
h5::Storage stored_storage(const std::optional<std::vector<std::uint8_t>>& noted);
// Counts that are stored together.
inline constexpr std::uint64_t count_chunk = 128;

std::filesystem::path part_of(const std::filesystem::path& sealed);  // "spikes.h5.part"

// What a .part file says it holds and does not, or holds damaged. "Rows" are spikes, rows of a report or snapshots.
struct Loss {
  std::string dataset;  // "/report/E/data"; empty: the file
  std::string problem;
  std::optional<std::uint64_t> rows{};  // nothing: the file does not say how many there were
};

// Sealed names of what a directory holds unsealed, ascending: files of ours and files that cannot be opened.
std::vector<std::filesystem::path> unfinished_recordings(const std::filesystem::path& directory);

// How many rows are whole, from a .part file's list of counts, each of which was written after its rows.
std::uint64_t whole_rows(const h5::Dataset& counts);
// The same in a file that may be damaged; the counts that can be read count.
std::uint64_t whole_rows(const h5::Dataset& counts, std::vector<Loss>& lost);

// How many of the first `rows` rows of a dataset can be kept; the others are added to `lost`.
std::uint64_t rows_to_keep(const h5::Dataset& data, std::uint64_t rows, std::vector<Loss>& lost);

// The lock of one recording, for programs whose recorders share a directory (commands lock the directory, too).
class RecordingLock {
 public:
  // Throws RecordingError where another process, or another recorder of this one, holds it.
  explicit RecordingLock(const std::filesystem::path& sealed);

 private:
  FileLock lock_;
};

// Appends rows [0, rows) of the earlier dataset, which has so many; a row has `width` values.
template <h5::Number T>
void resume_rows(const h5::Dataset& earlier, h5::Dataset& to, std::uint64_t rows, std::uint64_t width = 1) {
  if (earlier.rows() < rows || earlier.size() != earlier.rows() * width)
    earlier.fail("holds less than was recorded before the checkpoint");
  if (!earlier.is_checked())
    if (const auto whole = earlier.whole_rows(rows); whole.rows < rows) earlier.fail(whole.problem);
  to.append<T>(earlier, 0, rows);
}
// A recording while it grows: its lock and its .part file, with the attributes that every SONATA file has. The file has
// another name until it can be read: a reader that locked it earlier, as HDF5 does by default, would break the
// recording.
class GrowingRecording {
 public:
  // Makes the directory and takes the lock. Throws RecordingError.
  GrowingRecording(const std::filesystem::path& directory, const std::string& name, const RecordingOptions& options);
  ~GrowingRecording();  // removes the file if it cannot be read yet
  GrowingRecording(const GrowingRecording&) = delete;
  GrowingRecording& operator=(const GrowingRecording&) = delete;

  const std::filesystem::path& sealed() const { return sealed_; }
  h5::File& file() { return *file_; }
  // Whether an earlier recording is gone on with.
  bool resumes() const { return earlier_.has_value(); }
  // Copies from that one; where it is damaged, the error says what can be saved.
  void resume(const std::function<void(const h5::File& earlier)>& copy) const;
  // The file can be read from here on: all groups and datasets are there, and what was copied.
  void start();
  // On the writer's thread. After a failure nothing reaches the disk any more.
  void write(const std::function<void()>& step);
  // All datasets of the file must be gone.
  void close();

 private:
  explicit GrowingRecording(std::filesystem::path sealed) : sealed_(std::move(sealed)) {}

  std::filesystem::path sealed_;
  std::optional<RecordingLock> lock_;
  bool is_draft_ = false;  // there is a file that cannot be read yet
  std::optional<h5::File> file_, earlier_;
};
// To the disk, whatever happens to the machine: what has reached the .part file.
void sync_part(const std::filesystem::path& sealed);

// magic and version, as in every SONATA file.
void describe_sonata_file(h5::File& file);

// Puts a text under a name at once: readers see what was there before, or all of it. Throws RecordingError.
void write_whole_text(const std::filesystem::path& file, const std::function<void(std::ostream&)>& fill);

// Writes `file` under another name first: a reader sees the old file or the new one, and a failure leaves the old one.
void write_whole(const std::filesystem::path& file, const std::function<void(h5::File&)>& fill);
// The same for a file that is no SONATA file; before_rename: when the new one is whole and on the disk.
void write_durably(const std::filesystem::path& file, h5::File::Layout layout,
                   const std::function<void(h5::File&)>& fill, const std::function<void()>& before_rename = {});

// Rewrites the .part file as the sealed one and removes it; if `lost` is not empty then, it stays under the name of
// damaged_of(). The caller holds the lock.
void seal_part(const std::filesystem::path& sealed,
               const std::function<void(const h5::File& part, h5::File& sealed)>& rewrite,
               const std::vector<Loss>& lost);
std::filesystem::path damaged_of(const std::filesystem::path& sealed);  // "spikes.h5.part.damaged"

// Hands values to a thread that writes them. Work has size() and clear().
template <class Work>
class BackgroundWriter {
 public:
  BackgroundWriter(const RecordingOptions& options, std::function<void(Work&)> write)
      : options_(options), write_(std::move(write)), thread_([this] { run(); }) {}
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;
  ~BackgroundWriter() { join(); }

  // add(work) copies what is new. Blocks while the disk is more than four chunks behind; throws what the writer threw.
  template <class Add>
  void put(const Add& add) {
    bool full = false;
    {
      std::unique_lock guard(mutex_);
      emptied_.wait(guard, [&] { return failure_ || pending_.size() < chunks_behind * options_.chunk; });
      if (failure_) std::rethrow_exception(failure_);
      const std::size_t before = pending_.size();
      add(pending_);
      full = before < options_.chunk && pending_.size() >= options_.chunk;
    }
    if (full) filled_.notify_one();
  }

  // Returns when all that was put before is written; throws what the writer threw.
  void flush() {
    std::unique_lock guard(mutex_);
    flush_ = true;
    filled_.notify_one();
    emptied_.wait(guard, [&] { return failure_ || !flush_; });
    if (failure_) std::rethrow_exception(failure_);
  }

  // Writes what is left and ends the thread; throws what the writer threw.
  void finish() {
    join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  static constexpr std::size_t chunks_behind = 4;

  void join() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard guard(mutex_);
      stop_ = true;
    }
    filled_.notify_one();
    thread_.join();
  }

  void run() {
    using Clock = std::chrono::steady_clock;
    Work work;
    auto last_flush = Clock::now();
    for (bool last = false; !last;) {
      bool flushing = false;
      {
        std::unique_lock guard(mutex_);
        filled_.wait_until(guard, last_flush + options_.flush_interval,
                           [&] { return stop_ || flush_ || pending_.size() >= options_.chunk; });
        last = stop_;
        flushing = flush_;
        std::swap(work, pending_);
      }
      emptied_.notify_one();
      if (work.size() != 0) {
        try {
          write_(work);
        } catch (...) {
          const std::lock_guard guard(mutex_);
          failure_ = std::current_exception();
          break;
        }
        work.clear();
      }
      if (flushing) {
        const std::lock_guard guard(mutex_);
        flush_ = false;
        emptied_.notify_one();
      }
      last_flush = Clock::now();
    }
    emptied_.notify_all();
  }

  RecordingOptions options_;
  std::function<void(Work&)> write_;
  std::mutex mutex_;
  std::condition_variable filled_, emptied_;
  Work pending_;                // guarded by mutex_
  bool stop_ = false;           // guarded by mutex_
  bool flush_ = false;          // guarded by mutex_
  std::exception_ptr failure_;  // guarded by mutex_
  std::thread thread_;          // last: it uses all of the above
};

}  // namespace rheo
