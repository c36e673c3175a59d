#include "core/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif
#if !defined(RHEO_STD_THREADS)
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>
#endif

namespace rheo {

namespace {

// Whoever called us may have switched on flush-to-zero or another rounding: results must not depend on it.
class StandardFloatingPoint {
 public:
#if defined(__SSE2__)
  StandardFloatingPoint() : before_(_mm_getcsr()) {
    _mm_setcsr(0x1f80);
  }
  ~StandardFloatingPoint() {
    _mm_setcsr(before_);
  }
  StandardFloatingPoint(const StandardFloatingPoint&) = delete;
  StandardFloatingPoint& operator=(const StandardFloatingPoint&) = delete;

 private:
  unsigned before_;
#endif
};

// Binds the calling thread to the index-th of the processors in `allowed`.
void pin(const cpu_set_t& allowed, unsigned index) {
  const int processors = CPU_COUNT(&allowed);
  if (processors == 0) return;
  int wanted = static_cast<int>(index) % processors;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || wanted-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

}  // namespace

unsigned usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

#if !defined(RHEO_STD_THREADS)

// A worker of TBB may still hold its note about an observer when the process ends. The leak sanitizer, which does not
// see into TBB's own memory, takes that for lost.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:tbb::detail::r1::observe\n";
}
#endif
#endif

// Pins the threads of an arena while they are in it.
class Pins final : public tbb::task_scheduler_observer {
 public:
  explicit Pins(tbb::task_arena& arena) : task_scheduler_observer(arena) {
    CPU_ZERO(&allowed_);
    sched_getaffinity(0, sizeof allowed_, &allowed_);
    observe(true);
  }
  ~Pins() override { observe(false); }
  void on_scheduler_entry(bool) override {
    pin(allowed_, static_cast<unsigned>(std::max(0, tbb::this_task_arena::current_thread_index())));
  }
  void on_scheduler_exit(bool) override { sched_setaffinity(0, sizeof allowed_, &allowed_); }

 private:
  cpu_set_t allowed_;
};

struct Threads::Team {
  Team(unsigned n, bool pinned) : count(n) {
    if (n > 1 || pinned) arena.emplace(n, pinned);
  }
  struct Arena {
    Arena(unsigned n, bool pinned)
        : limit(tbb::global_control::max_allowed_parallelism, std::max(n, tbb_default())),
          threads(static_cast<int>(n)) {
      if (!pinned) return;
      threads.initialize();
      pins.emplace(threads);
    }
    static unsigned tbb_default() {
      return static_cast<unsigned>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
    }
    tbb::global_control limit;  // lets a team be larger than the machine, which the tests of determinism need
    tbb::task_arena threads;
    std::optional<Pins> pins;
    tbb::affinity_partitioner affinity;
    std::atomic<bool> affinity_taken{false};
  };
  unsigned count;
  std::optional<Arena> arena;  // none for a thread alone: to start TBB takes a ms
};

Threads::Threads(unsigned count, bool pinned)
    : team_(std::make_shared<Team>(count == 0 ? usable_processors() : count, pinned)) {}

unsigned Threads::count() const {
  return team_->count;
}

void Threads::enter(const std::function<void()>& body) const {
  const auto guarded = [&] {
    StandardFloatingPoint guard;
    body();
  };
  team_->arena ? team_->arena->threads.execute(guarded) : guarded();
}

void Threads::for_each(std::size_t n, const std::function<void(std::size_t)>& body) const {
  const auto item = [&body](std::size_t i) {
    StandardFloatingPoint guard;
    body(i);
  };
  if (n <= 1 || team_->count == 1) {
    for (std::size_t i = 0; i < n; ++i) item(i);
    return;
  }
  Team::Arena& arena = *team_->arena;
  const auto loop = [&](auto&& partitioner) {
    arena.threads.execute([&] { tbb::parallel_for(std::size_t{0}, n, item, partitioner); });
  };
  // One loop at a time may use (and train) the affinity; a nested or concurrent one does without.
  if (!arena.affinity_taken.exchange(true)) {
    struct Release {
      std::atomic<bool>& taken;
      ~Release() { taken = false; }
    } release{arena.affinity_taken};
    loop(arena.affinity);
  } else {
    loop(tbb::auto_partitioner{});
  }
}

#else

// Whether this thread runs an item. A loop within a loop runs on the spot: the team is waiting for that item.
thread_local bool within_item = false;

// A plain team of threads: item i goes to whoever is free first.
struct Threads::Team {
  Team(unsigned n, bool pinned) : count(n) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (pinned) sched_getaffinity(0, sizeof allowed, &allowed);
    for (unsigned i = 1; i < n; ++i)
      workers.emplace_back([this, allowed, i] {
        pin(allowed, i);
        work();
      });
  }
  ~Team() {
    {
      std::lock_guard lock(mutex);
      stop = true;
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
  }
  void work() {
    std::unique_lock lock(mutex);
    std::size_t seen = 0;
    for (;;) {
      wake.wait(lock, [&] { return stop || generation != seen; });
      if (stop) return;
      seen = generation;
      take_items(lock);
    }
  }
  void take_items(std::unique_lock<std::mutex>& lock) {
    while (next < size) {
      const std::size_t i = next++;
      const auto* const work_item = body;
      lock.unlock();
      std::exception_ptr failure;
      try {
        StandardFloatingPoint guard;
        within_item = true;
        (*work_item)(i);
      } catch (...) {
        failure = std::current_exception();
      }
      within_item = false;
      lock.lock();
      if (failure && !error) error = failure;
      if (++done == size) finished.notify_all();
    }
  }
  unsigned count;
  std::vector<std::thread> workers;
  std::mutex mutex, turn;
  std::condition_variable wake, finished;
  const std::function<void(std::size_t)>* body = nullptr;
  std::size_t generation = 0, next = 0, size = 0, done = 0;
  std::exception_ptr error;
  bool stop = false;
};

Threads::Threads(unsigned count, bool pinned)
    : team_(std::make_shared<Team>(count == 0 ? usable_processors() : count, pinned)) {}

unsigned Threads::count() const {
  return team_->count;
}

void Threads::enter(const std::function<void()>& body) const {
  StandardFloatingPoint guard;
  body();
}

void Threads::for_each(std::size_t n, const std::function<void(std::size_t)>& body) const {
  if (within_item) {
    for (std::size_t i = 0; i < n; ++i) body(i);
    return;
  }
  std::lock_guard turn(team_->turn);
  std::unique_lock lock(team_->mutex);
  team_->body = &body;
  team_->next = team_->done = 0;
  team_->size = n;
  team_->error = nullptr;
  ++team_->generation;
  team_->wake.notify_all();
  team_->take_items(lock);
  team_->finished.wait(lock, [&] { return team_->done == n; });
  team_->size = team_->next = 0;
  if (team_->error) std::rethrow_exception(team_->error);
}

#endif

}  // namespace rheo
