#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gui/model/session.hpp"

namespace quell::gui {

/// What a load function tells while it works, from its own thread.
struct LoadObserver {
  /// False: stop; the function then throws whatever it likes.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
  /// What begins now. Throws to stop.
  std::function<void(const std::string& step)> step;
};

/// Reads and analyses a trace. Throws an exception whose what() is a sentence for the user.
using LoadFunction = std::function<SessionPtr(const std::string& path, const LoadObserver& observer)>;

/// Loads one trace at a time on a worker. A load that was cancelled, or overtaken by a later one, says nothing more.
class Loader : public QObject {
  Q_OBJECT
 public:
  explicit Loader(LoadFunction load, QObject* parent = nullptr);
  ~Loader() override;

  void start(const QString& path);
  /// Emits cancelled() where something was loading.
  void cancel();
  [[nodiscard]] bool loading() const { return loading_; }
  [[nodiscard]] const QString& path() const { return path_; }

 signals:
  void started();
  void progressed(qulonglong done, qulonglong total);
  void step_began(const QString& step);
  void loaded(const quell::gui::SessionPtr& session);
  void failed(const QString& sentence);
  void cancelled();

 private:
  struct Request;
  void run(Request& request);
  template <class Event>
  void deliver(std::uint64_t generation, Event event);

  LoadFunction load_;
  std::atomic<std::uint64_t> generation_{0};
  bool loading_ = false;
  QString path_;
  QThreadPool pool_;
};

}  // namespace quell::gui
