// Once a simulation has seen its largest load, it runs without asking for memory: not per window, tick or spike.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "tests/property/network_runs.hpp"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

// Sanitizers have an operator new of their own.
#if !defined(RHEO_SANITIZED)
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

namespace test_allocations {

using namespace runs;

TEST_CASE("no allocation inside a window") {
  if (sanitized) {
    WARN("skipped: a sanitizer counts its own allocations");
    return;
  }
  struct Counter final : SpikeSink {
    std::uint64_t spikes = 0;
    void take(const SpikeBatch& batch) override { spikes += batch.neurons.size(); }
  };
  const auto count = [](NetworkSpec spec, NetworkSpec::Delivery delivery, std::uint32_t window = 65536) {
    spec.delivery = delivery;
    spec.window = window;
    Network network(spec, Threads(1));
    Counter counter;
    network.simulation().add_sink(counter);
    network.simulation().run(2000);
    counter.spikes = 0;
    const std::uint64_t before = allocations;
    network.simulation().run(1000);
    const std::uint64_t made = allocations - before;
    INFO(made << " allocations, " << counter.spikes << " spikes");
    CHECK(counter.spikes > 100);
    CHECK(made < 100);  // in 200 windows of 1000 ticks; lists may still become longer than they ever were
  };
  count(demanding_network(Precision::single_, 3), NetworkSpec::Delivery::ring);
  count(demanding_network(Precision::single_, 3), NetworkSpec::Delivery::ring, 8);
  count(demanding_network(Precision::single_, 3), NetworkSpec::Delivery::wheel);
  count(event_network(Precision::single_, 3), NetworkSpec::Delivery::wheel);
}

}  // namespace test_allocations
