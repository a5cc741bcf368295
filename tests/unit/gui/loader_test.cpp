#include "gui/model/loader.hpp"

#include <gtest/gtest.h>

#include <QSignalSpy>
#include <QTest>
#include <atomic>
#include <semaphore>
#include <stdexcept>

#include "tests/unit/gui/sample_session.hpp"

namespace quell::gui {
namespace {

TEST(Loader, DeliversTheSessionWithItsProgress) {
  Loader loader([](const std::string& path, const LoadObserver& observer) {
    EXPECT_EQ(path, "blog.qtr");
    observer.progress(50, 100);
    observer.step("Detecting");
    return sample::shared_session();
  });
  QSignalSpy loaded(&loader, &Loader::loaded);
  QSignalSpy progressed(&loader, &Loader::progressed);
  QSignalSpy step(&loader, &Loader::step_began);
  loader.start(QStringLiteral("blog.qtr"));
  EXPECT_TRUE(loader.loading());
  ASSERT_TRUE(loaded.wait());
  EXPECT_FALSE(loader.loading());
  ASSERT_EQ(progressed.count(), 1);
  EXPECT_EQ(progressed[0][0].toULongLong(), 50U);
  ASSERT_EQ(step.count(), 1);
  EXPECT_EQ(step[0][0].toString(), QStringLiteral("Detecting"));
}

TEST(Loader, AFailureIsItsSentence) {
  Loader loader([](const std::string&, const LoadObserver&) -> SessionPtr { throw std::runtime_error("not a trace"); });
  QSignalSpy failed(&loader, &Loader::failed);
  loader.start(QStringLiteral("x"));
  ASSERT_TRUE(failed.wait());
  EXPECT_EQ(failed[0][0].toString(), QStringLiteral("not a trace"));
}

TEST(Loader, AfterCancelNothingIsDeliveredAndTheWorkerIsTold) {
  std::binary_semaphore running(0);
  std::binary_semaphore go_on(0);
  std::atomic<bool> told{false};
  Loader loader([&](const std::string&, const LoadObserver& observer) -> SessionPtr {
    running.release();
    go_on.acquire();
    told = !observer.progress(1, 2);
    return sample::shared_session();
  });
  QSignalSpy loaded(&loader, &Loader::loaded);
  QSignalSpy cancelled(&loader, &Loader::cancelled);
  loader.start(QStringLiteral("x"));
  running.acquire();
  loader.cancel();
  EXPECT_EQ(cancelled.count(), 1);
  go_on.release();
  QTest::qWait(50);
  EXPECT_TRUE(told);
  EXPECT_EQ(loaded.count(), 0);
}

TEST(Loader, ALaterLoadOvertakesAnEarlierOne) {
  std::binary_semaphore first_may_end(0);
  const auto second = std::make_shared<const Session>();
  Loader loader([&](const std::string& path, const LoadObserver&) -> SessionPtr {
    if (path == "first") first_may_end.acquire();
    return path == "first" ? sample::shared_session() : second;
  });
  QSignalSpy loaded(&loader, &Loader::loaded);
  loader.start(QStringLiteral("first"));
  loader.start(QStringLiteral("second"));
  ASSERT_TRUE(loaded.wait());
  first_may_end.release();
  QTest::qWait(50);
  ASSERT_EQ(loaded.count(), 1);
  EXPECT_EQ(loaded[0][0].value<SessionPtr>(), second);
}

TEST(Loader, MayDieWhileItLoads) {
  for (int round = 0; round < 100; ++round) {
    Loader loader([](const std::string&, const LoadObserver& observer) {
      for (std::uint64_t i = 0; i < 50; ++i)
        if (!observer.progress(i, 50)) throw std::runtime_error("cancelled");
      observer.step("Detecting");
      return sample::shared_session();
    });
    loader.start(QStringLiteral("x"));
    if (round % 3 == 0) QCoreApplication::processEvents();
    if (round % 5 == 0) loader.cancel();
  }
}

}  // namespace
}  // namespace quell::gui
