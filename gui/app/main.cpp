#include <QApplication>
#include <QFileInfo>
#include <QIcon>
#include <cstdio>
#include <string>

#include "gui/app/load_session.hpp"
#include "gui/app/options.hpp"
#include "gui/app/screenshot.hpp"
#include "gui/view/main_window.hpp"
#include "gui/view/theme.hpp"

namespace {

using quell::gui::MainWindow;
using quell::gui::Options;
using quell::gui::ThemeChoice;

constexpr int kFailure = 1;

int fail(const std::string& sentence) {
  std::fprintf(stderr, "quell-viewer: %s\n", sentence.c_str());
  return kFailure;
}

bool has_display() {
  return qEnvironmentVariableIsSet("QT_QPA_PLATFORM") || !qEnvironmentVariableIsEmpty("DISPLAY") ||
         !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY");
}

ThemeChoice theme_of(const std::string& name) {
  return name == "light" ? ThemeChoice::light : name == "dark" ? ThemeChoice::dark : ThemeChoice::desktop;
}

/// The offscreen platform warns of what it cannot do (size hints, runtime directory); a screenshot needs none of it.
void only_critical_messages(QtMsgType type, const QMessageLogContext& /*context*/, const QString& text) {
  if (type == QtCriticalMsg || type == QtFatalMsg) std::fprintf(stderr, "%s\n", qPrintable(text));
}

std::string fault_of_file(const std::string& path) {
  const QFileInfo file(QString::fromStdString(path));
  if (!file.exists()) return "there is no file " + path;
  if (file.isDir()) return path + " is a folder, not a trace";
  if (!file.isReadable()) return "no permission to read " + path;
  return {};
}

int run_window(QApplication& application, MainWindow& window, const Options& options) {
  window.remember_layout();
  window.show();
  if (!options.trace.empty()) {
    window.open_trace(QString::fromStdString(options.trace));
    QObject::connect(
        &window, &MainWindow::settled_changed, &window,
        [&window, &options] { quell::gui::show_what_is_asked(window, options); }, Qt::SingleShotConnection);
  }
  return application.exec();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const auto code = quell::gui::parse_options(argc, argv, options)) return *code;
  if (!options.trace.empty())
    if (const auto fault = fault_of_file(options.trace); !fault.empty()) return fail(fault);
  if (!options.screenshot.empty()) {
    if (!has_display()) qputenv("QT_QPA_PLATFORM", "offscreen");
    qInstallMessageHandler(only_critical_messages);
  } else if (!has_display()) {
    return fail("there is no display to open a window on; --screenshot FILE.png draws one without");
  }
  QApplication application(argc, argv);
  QApplication::setApplicationName(QStringLiteral("quell-viewer"));
  QApplication::setOrganizationName(QStringLiteral("quell"));
  QApplication::setDesktopFileName(QStringLiteral("quell-viewer"));
  QApplication::setWindowIcon(QIcon(QStringLiteral(":/quell-viewer.svg")));
  quell::gui::apply_theme(application, theme_of(options.theme));
  MainWindow window([dsn = options.dsn](const std::string& path, const quell::gui::LoadObserver& observer) {
    return quell::gui::load_session(path, dsn, observer);
  });
  window.resize(options.width, options.height);
  if (options.screenshot.empty()) return run_window(application, window, options);
  const auto fault = quell::gui::take_screenshot(window, options);
  return fault.empty() ? 0 : fail(fault);
}
