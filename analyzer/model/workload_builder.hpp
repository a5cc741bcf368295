#pragma once

#include <functional>
#include <memory>

#include <quell/trace/event.hpp>
#include <quell/trace/reader.hpp>

#include "analyzer/model/workload.hpp"

namespace quell::model {

/// Gathers the events of a trace, in any order within what EventSink allows, into a Workload. Not thread-safe.
class WorkloadBuilder final : public trace::EventSink {
 public:
  explicit WorkloadBuilder(const trace::Header& header);
  ~WorkloadBuilder() override;

  /// `call` is called every so many events of a long trace; what it throws ends the loading.
  void call_while_loading(std::function<void()> call);

  using trace::EventSink::on;
  void on(const trace::Text&, trace::Source) override;
  void on(const trace::Stack&, trace::Source) override;
  void on(const trace::Shape&, trace::Source) override;
  void on(const trace::Connection&, trace::Source) override;
  void on(const trace::ScopeBegin&, trace::Source) override;
  void on(const trace::ScopeEnd&, trace::Source) override;
  void on(const trace::Query&, trace::Source) override;
  void on(const trace::ResultValues&, trace::Source) override;
  void on(const trace::Consumption&, trace::Source) override;

  /// Sorts, derives scopes and hands the workload over; the builder is spent.
  [[nodiscard]] Workload finish(const trace::Summary& summary) &&;

 private:
  struct Pending;
  std::unique_ptr<WorkloadState> state_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace quell::model
