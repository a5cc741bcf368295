#include "gui/model/loader.hpp"

#include <exception>
#include <stdexcept>

namespace quell::gui {

struct Loader::Request {
  std::uint64_t generation = 0;
  std::string path;
  int permille = -1;  ///< last reported
};

Loader::Loader(LoadFunction load, QObject* parent) : QObject(parent), load_(std::move(load)) {
  pool_.setMaxThreadCount(2);  // a new load does not wait for the end of a cancelled one
}

Loader::~Loader() {
  ++generation_;
  pool_.waitForDone();
}

void Loader::start(const QString& path) {
  Request request{++generation_, path.toStdString()};
  path_ = path;
  loading_ = true;
  emit started();
  pool_.start([this, request]() mutable { run(request); });
}

void Loader::cancel() {
  if (!loading_) return;
  ++generation_;
  loading_ = false;
  emit cancelled();
}

/// Runs `event` on the loader's thread unless the request is stale by then. The destructor waits for the workers, so
/// `this` is alive here; events still queued then die with the object.
template <class Event>
void Loader::deliver(std::uint64_t generation, Event event) {
  QMetaObject::invokeMethod(
      this,
      [this, generation, event = std::move(event)] {
        if (generation == generation_) event();
      },
      Qt::QueuedConnection);
}

void Loader::run(Request& request) {
  const auto generation = request.generation;
  LoadObserver observer;
  observer.progress = [this, &request, generation](std::uint64_t done, std::uint64_t total) {
    const int permille = total == 0 ? 0 : static_cast<int>(done * 1000 / total);
    if (permille != request.permille) {
      request.permille = permille;
      deliver(generation, [this, done, total] { emit progressed(done, total); });
    }
    return generation == generation_;
  };
  observer.step = [this, generation](const std::string& step) {
    if (generation != generation_) throw std::runtime_error("cancelled");
    deliver(generation, [this, text = QString::fromStdString(step)] { emit step_began(text); });
  };
  try {
    auto session = load_(request.path, observer);
    deliver(generation, [this, session = std::move(session)] {
      loading_ = false;
      emit loaded(session);
    });
  } catch (const std::exception& error) {
    deliver(generation, [this, sentence = QString::fromUtf8(error.what())] {
      loading_ = false;
      emit failed(sentence);
    });
  }
}

}  // namespace quell::gui
