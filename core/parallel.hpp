// All parallelism of the project goes through these few lines: TBB, or plain std::thread where TBB is not instrumented
// (the tsan preset). Work items never depend on which thread runs them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace rheo {

// A team of at most `count()` threads, the caller among them. Cheap to pass on, shared by copies.
class Threads {
 public:
  // 0 means one per processor that this process may use. Pinned: while it works for the team each thread keeps to one
  // of these processors, so that the pages a lane touched first stay near the thread that computes it.
  explicit Threads(unsigned count = 0, bool pinned = false);
  unsigned count() const;

  // Runs body on the team's own arena, where parallel loops start without a hand-over, and in the floating-point
  // environment of for_each. Returns when body returns; what body throws comes out here.
  void enter(const std::function<void()>& body) const;

  // body(i) for i in [0, n), each once, in any order, on any thread of the team. Every body starts with the same
  // floating-point environment (round to nearest, subnormals kept). The first exception comes out here.
  // Items keep to the thread that ran them last time where possible (their data is in its cache).
  void for_each(std::size_t n, const std::function<void(std::size_t)>& body) const;

 private:
  struct Team;
  std::shared_ptr<Team> team_;
};

// Number of processors that this process may use (its affinity mask), at least 1.
unsigned usable_processors();

}  // namespace rheo
