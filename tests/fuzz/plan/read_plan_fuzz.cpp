// Any bytes: the readers must not crash, and what they return must keep the invariants of self time.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "analyzer/plan/plan.hpp"

namespace {

void check(const quell::plan::ReadResult& result) {
  using quell::plan::Node;
  if (result.plans.empty() && result.diagnostics.empty()) std::abort();  // silence is no answer
  for (const quell::plan::Plan& plan : result.plans) {
    double sum = plan.serialize_ms + plan.unaccounted_ms;
    for (const quell::plan::Trigger& trigger : plan.triggers) sum += trigger.ms;
    bool finite = true;
    quell::plan::walk(plan.root, [&](const Node& node, std::size_t) {
      if (!(node.self_ms >= 0) && !std::isnan(node.self_ms)) std::abort();
      sum += node.self_ms;
      finite = finite && std::isfinite(node.total_ms());
    });
    if (!plan.execution_ms || !plan.root.timed || !finite || !std::isfinite(sum)) continue;
    const double largest = std::max(*plan.execution_ms, plan.root.total_ms()) + plan.serialize_ms + 1;
    double triggers = 0;
    for (const quell::plan::Trigger& trigger : plan.triggers) triggers += trigger.ms;
    if (std::abs(sum - *plan.execution_ms) > 1e-6 * (largest + triggers + sum)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(quell::plan::read_json(bytes));
  check(quell::plan::read_text(bytes));
  check(quell::plan::read_yaml(bytes));
  check(quell::plan::read_xml(bytes));
  check(quell::plan::read_any(bytes));
  return 0;
}
