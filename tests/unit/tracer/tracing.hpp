#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include <quell/trace/reader.hpp>
#include <quell/tracer/tracer.hpp>

#include "tests/unit/trace/recorded_events.hpp"
#include "tests/unit/trace/scratch.hpp"

namespace quell::tracer::testing {

using trace::EventKind;
using trace::testing::OwnedEvent;

inline std::size_t index(EventKind kind) {
  return static_cast<std::size_t>(kind);
}

/// A whole trace in memory.
struct ReadTrace {
  explicit ReadTrace(const std::string& path) : reader(trace::Reader::open(path)) {
    reader->read_all(recorder);
    for (const OwnedEvent& event : recorder.events) {
      if (event.kind == EventKind::text) texts[event.numbers[0]] = event.bytes;
    }
  }
  [[nodiscard]] std::vector<OwnedEvent> of(EventKind kind) const {
    std::vector<OwnedEvent> found;
    for (const OwnedEvent& event : recorder.events) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  [[nodiscard]] const trace::Summary& summary() const { return reader->summary(); }

  std::unique_ptr<trace::Reader> reader;
  trace::testing::Recorder recorder;
  std::map<std::uint64_t, std::string> texts;
};

/// Stops a recording that a failed test left behind.
class TracerTest : public ::testing::Test {
 protected:
  void TearDown() override { static_cast<void>(stop()); }
  [[nodiscard]] TracerParams params(const std::string& name = "t.qtr") const {
    TracerParams made;
    made.path = scratch.file(name);
    made.program = "tracer_test";
    return made;
  }
  trace::testing::Scratch scratch;
};

// Places of the numbers of an OwnedEvent (tests/unit/trace/recorded_events.hpp).
namespace query_at {
inline constexpr std::size_t kStart = 0, kComplete = 2, kId = 4, kConnection = 5, kScope = 6, kText = 7,
                             kStatementName = 8, kStack = 10, kFlags = 13, kRows = 14;
}

}  // namespace quell::tracer::testing
