// The advances of all neuron models. Compiled once per instruction set, under the same rules as kernels.cpp.
#include <bit>
#include <utility>

#include "neurons/kernels/kernels.hpp"
#include "neurons/models/models.hpp"

namespace rheo {
namespace {

template <class M, bool PerNeuron, bool WithCurrent>
struct Loop {
  using Real = typename M::real;

  // Loads a State, advances it, stores it back. Coefficients is a copy, so nothing in the loop can alias it.
  template <std::size_t... S, std::size_t... K, std::size_t... P>
  RHEO_INLINE static void run(const AdvanceArgs& a, std::index_sequence<S...>, std::index_sequence<K...>,
                              std::index_sequence<P...>) {
    Real* const s[] = {static_cast<Real*>(a.state[S]) + a.first...};
    const Real* const k[] = {
        (static_cast<const Real*>(a.step[PerNeuron ? K : 0]) + (PerNeuron && a.differs[K] != 0 ? a.first : 0))...};
    const auto uniform =
        std::bit_cast<typename M::Coefficients>(std::array<Real, sizeof...(K)>{k[0][PerNeuron ? 0 : K]...});
    const Real* const in[] = {(P + 1 < M::ports.size() ? static_cast<const Real*>(a.input) + P * a.stride
                                                       : static_cast<const Real*>(a.current))...};
    std::uint8_t* const fired = a.fired;
    const auto advance = [&](std::size_t i) RHEO_INLINE_LAMBDA {
      typename M::State state{s[S][i]...};
      typename M::Coefficients step = uniform;
      if constexpr (PerNeuron)
        step = std::bit_cast<typename M::Coefficients>(std::array<Real, sizeof...(K)>{k[K][i]...});
      const Inputs<M> inputs{(WithCurrent || P + 1 < M::ports.size() ? in[P][i] : Real(0))...};
      const bool spiked = M::advance(state, step, inputs);
      const auto out = std::bit_cast<std::array<Real, sizeof...(S)>>(state);
      ((s[S][i] = out[S]), ...);
      return spiked;
    };
    // With bytes in the loop, compilers take as many neurons at once as a vector has bytes.
    constexpr std::size_t together = 64;
    const std::size_t n = a.n, whole = n / together * together;
    RHEO_INDEPENDENT_ITERATIONS
    for (std::size_t i = 0; i < whole; ++i) fired[i] = advance(i);
    // What is left over would be done one by one; noted as wide as Real, it makes vectors.
    alignas(64) std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t> rest[together];
    RHEO_INDEPENDENT_ITERATIONS
    for (std::size_t i = whole; i < n; ++i) rest[i - whole] = advance(i);
    for (std::size_t i = whole; i < n; ++i) fired[i] = static_cast<std::uint8_t>(rest[i - whole]);
  }

  static void advance(const AdvanceArgs& a) {
    run(a, std::make_index_sequence<state_size<M>>{}, std::make_index_sequence<step_size<M>>{},
        std::make_index_sequence<M::ports.size()>{});
  }
};

template <class Models>
constexpr auto loops = nullptr;
template <class... M>
constexpr std::array<AdvanceLoops, sizeof...(M)> loops<std::tuple<M...>>{
    AdvanceLoops{&Loop<M, false, false>::advance, &Loop<M, false, true>::advance, &Loop<M, true, true>::advance}...};

}  // namespace

extern const AdvanceTable RHEO_KERNELS_NAME(advances, RHEO_ISA);
constinit const AdvanceTable RHEO_KERNELS_NAME(advances, RHEO_ISA) = {loops<NeuronModels<float>>.data(),
                                                                      loops<NeuronModels<double>>.data()};

}  // namespace rheo
