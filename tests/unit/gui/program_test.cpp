// quell-viewer as a program: exit codes, sentences, files.
#include <gtest/gtest.h>

#include <QFileInfo>
#include <QImage>
#include <QProcess>
#include <QTemporaryDir>
#include <string>

#include <quell/trace/writer.hpp>

namespace quell::gui {
namespace {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run(const QStringList& arguments, bool display = false) {
  QProcess process;
  auto environment = QProcessEnvironment::systemEnvironment();
  if (!display)
    for (const auto* name : {"QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"}) environment.remove(QLatin1String(name));
  process.setProcessEnvironment(environment);
  process.start(QStringLiteral(QUELL_VIEWER), arguments);
  EXPECT_TRUE(process.waitForFinished(60'000));
  return {process.exitCode(), process.readAllStandardOutput().toStdString(),
          process.readAllStandardError().toStdString()};
}

class Program : public testing::Test {
 protected:
  [[nodiscard]] QString path(const char* name) const { return folder_.filePath(QLatin1String(name)); }
  QString trace() const {
    trace::Writer::create(path("empty.qtr").toStdString(), {});
    return path("empty.qtr");
  }
  QTemporaryDir folder_;
};

TEST_F(Program, HelpHasExamplesAndExitCodes) {
  const auto outcome = run({QStringLiteral("--help")});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("quell-viewer service.qtr --screenshot window.png"), std::string::npos);
  EXPECT_NE(outcome.out.find("Exit code:"), std::string::npos);
}

TEST_F(Program, AScreenshotNeedsNoDisplayAndHasTheSizeAskedFor) {
  const auto outcome = run({trace(), QStringLiteral("--screenshot"), path("window.png"), QStringLiteral("--size"),
                            QStringLiteral("900x600")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(QImage(path("window.png")).size(), QSize(900, 600));
}

TEST_F(Program, AMissingFileIsNamed) {
  const auto outcome = run({path("none.qtr"), QStringLiteral("--screenshot"), path("window.png")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "quell-viewer: there is no file " + path("none.qtr").toStdString() + "\n");
  EXPECT_FALSE(QFileInfo::exists(path("window.png")));
}

TEST_F(Program, WhatIsNotATraceIsRefusedInASentence) {
  QFile file(path("notes.txt"));
  ASSERT_TRUE(file.open(QIODevice::WriteOnly));
  file.write("not a trace at all, just some words");
  file.close();
  const auto outcome = run({path("notes.txt"), QStringLiteral("--screenshot"), path("window.png")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("notes.txt"), std::string::npos) << outcome.err;
  EXPECT_FALSE(QFileInfo::exists(path("window.png")));
}

TEST_F(Program, AFindingThatIsNotThereIsSaid) {
  const auto outcome = run(
      {trace(), QStringLiteral("--screenshot"), path("window.png"), QStringLiteral("--select"), QStringLiteral("3")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "quell-viewer: there is no finding 3: the trace has 0\n");
}

TEST_F(Program, APictureThatCannotBeWrittenIsSaid) {
  const auto outcome = run({trace(), QStringLiteral("--screenshot"), path("no/such/folder/window.png")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("cannot write"), std::string::npos) << outcome.err;
}

TEST_F(Program, WrongUsageIsTwo) {
  EXPECT_EQ(run({QStringLiteral("--colour")}).code, 2);
  EXPECT_EQ(run({trace(), QStringLiteral("--theme"), QStringLiteral("pink")}).code, 2);
  EXPECT_EQ(run({QStringLiteral("--screenshot"), path("window.png")}).code, 2);
  const auto outcome = run({trace(), QStringLiteral("--size"), QStringLiteral("12")});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("must be WIDTHxHEIGHT"), std::string::npos) << outcome.err;
}

TEST_F(Program, WithoutADisplayItPointsToTheScreenshot) {
  const auto outcome = run({trace()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("--screenshot"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace quell::gui
