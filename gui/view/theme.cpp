#include "gui/view/theme.hpp"

#include <QApplication>
#include <QStyleFactory>
#include <algorithm>
#include <cmath>

namespace quell::gui {
namespace {

QPalette light_palette() {
  QPalette palette;
  const QColor text(0x1b, 0x22, 0x2d);
  palette.setColor(QPalette::Window, QColor(0xf1, 0xf3, 0xf6));
  palette.setColor(QPalette::WindowText, text);
  palette.setColor(QPalette::Base, QColor(0xff, 0xff, 0xff));
  palette.setColor(QPalette::AlternateBase, QColor(0xf7, 0xf8, 0xfa));
  palette.setColor(QPalette::Text, text);
  palette.setColor(QPalette::Button, QColor(0xe9, 0xec, 0xf1));
  palette.setColor(QPalette::ButtonText, text);
  palette.setColor(QPalette::ToolTipBase, QColor(0xff, 0xff, 0xff));
  palette.setColor(QPalette::ToolTipText, text);
  palette.setColor(QPalette::PlaceholderText, QColor(0x5c, 0x67, 0x78));
  palette.setColor(QPalette::Highlight, QColor(0x1f, 0x62, 0xc9));
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, QColor(0x1f, 0x62, 0xc9));
  palette.setColor(QPalette::Disabled, QPalette::Text, QColor(0x8a, 0x93, 0xa1));
  palette.setColor(QPalette::Disabled, QPalette::ButtonText, QColor(0x8a, 0x93, 0xa1));
  palette.setColor(QPalette::Disabled, QPalette::WindowText, QColor(0x8a, 0x93, 0xa1));
  return palette;
}

QPalette dark_palette() {
  QPalette palette;
  const QColor text(0xe3, 0xe7, 0xee);
  palette.setColor(QPalette::Window, QColor(0x1f, 0x23, 0x2b));
  palette.setColor(QPalette::WindowText, text);
  palette.setColor(QPalette::Base, QColor(0x16, 0x19, 0x1f));
  palette.setColor(QPalette::AlternateBase, QColor(0x1b, 0x1f, 0x26));
  palette.setColor(QPalette::Text, text);
  palette.setColor(QPalette::Button, QColor(0x2b, 0x31, 0x3b));
  palette.setColor(QPalette::ButtonText, text);
  palette.setColor(QPalette::BrightText, Qt::white);
  palette.setColor(QPalette::ToolTipBase, QColor(0x2b, 0x31, 0x3b));
  palette.setColor(QPalette::ToolTipText, text);
  palette.setColor(QPalette::PlaceholderText, QColor(0x9a, 0xa4, 0xb3));
  palette.setColor(QPalette::Highlight, QColor(0x2f, 0x6d, 0xc8));
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, QColor(0x6c, 0xaa, 0xff));
  palette.setColor(QPalette::Light, QColor(0x3a, 0x41, 0x4d));
  palette.setColor(QPalette::Midlight, QColor(0x32, 0x38, 0x43));
  palette.setColor(QPalette::Mid, QColor(0x17, 0x1a, 0x20));
  palette.setColor(QPalette::Dark, QColor(0x10, 0x12, 0x16));
  palette.setColor(QPalette::Shadow, Qt::black);
  palette.setColor(QPalette::Disabled, QPalette::Text, QColor(0x75, 0x7f, 0x8e));
  palette.setColor(QPalette::Disabled, QPalette::ButtonText, QColor(0x75, 0x7f, 0x8e));
  palette.setColor(QPalette::Disabled, QPalette::WindowText, QColor(0x75, 0x7f, 0x8e));
  return palette;
}

double luminance(const QColor& colour) {
  const auto linear = [](double channel) {
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

}  // namespace

Theme Theme::of(const QPalette& palette) {
  const QColor base = palette.color(QPalette::Base);
  const QColor text = palette.color(QPalette::Text);
  Theme theme;
  // QStyleHints::colorScheme() came with Qt 6.5.
  theme.dark = palette.color(QPalette::Window).lightness() < 128;
  theme.muted = mixed(text, base, theme.dark ? 0.66 : 0.70);
  theme.grid = mixed(text, base, 0.10);
  theme.panel = mixed(text, base, theme.dark ? 0.055 : 0.04);
  theme.accent = palette.color(QPalette::Link);
  if (theme.dark) {
    theme.finding = QColor(0xff, 0x6b, 0x81);
    theme.warning_background = QColor(0x4a, 0x3a, 0x05);
    theme.warning_text = QColor(0xff, 0xe6, 0x9c);
    theme.sql_keyword = QColor(0x82, 0xb1, 0xff);
    theme.sql_string = QColor(0x9c, 0xd6, 0x7c);
    theme.sql_number = QColor(0xf0, 0xb0, 0x6a);
    theme.sql_parameter = QColor(0xff, 0x9d, 0xc4);
    theme.sql_comment = QColor(0x93, 0x9c, 0xaa);
  } else {
    theme.finding = QColor(0xc4, 0x1e, 0x3a);
    theme.warning_background = QColor(0xff, 0xf1, 0xc7);
    theme.warning_text = QColor(0x5a, 0x42, 0x00);
    theme.sql_keyword = QColor(0x1a, 0x52, 0xb8);
    theme.sql_string = QColor(0x2a, 0x70, 0x25);
    theme.sql_number = QColor(0x9a, 0x4d, 0x00);
    theme.sql_parameter = QColor(0xa8, 0x1b, 0x6a);
    theme.sql_comment = QColor(0x63, 0x6c, 0x7a);
  }
  return theme;
}

QColor Theme::of(QueryClass query_class) const {
  switch (query_class) {
    case QueryClass::read:
      return dark ? QColor(0x5a, 0xa2, 0xe8) : QColor(0x2f, 0x77, 0xc2);
    case QueryClass::write:
      return dark ? QColor(0xf2, 0xa8, 0x3b) : QColor(0xd9, 0x7b, 0x00);
    case QueryClass::transaction:
      return dark ? QColor(0x84, 0x8e, 0x9e) : QColor(0x84, 0x8e, 0x9e);
    case QueryClass::other:
      return dark ? QColor(0x4f, 0xc2, 0x9f) : QColor(0x0f, 0x8f, 0x6a);
  }
  return {};
}

QColor Theme::of(detect::Severity severity) const {
  switch (severity) {
    case detect::Severity::high:
      return finding;
    case detect::Severity::medium:
      return dark ? QColor(0xf2, 0xa8, 0x3b) : QColor(0xb2, 0x5e, 0x00);
    case detect::Severity::low:
      return dark ? QColor(0x7f, 0xb4, 0xf0) : QColor(0x2a, 0x66, 0xad);
    case detect::Severity::info:
      return muted;
  }
  return {};
}

void apply_theme(QApplication& application, ThemeChoice choice) {
  application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  switch (choice) {
    case ThemeChoice::desktop:
      break;
    case ThemeChoice::light:
      application.setPalette(light_palette());
      break;
    case ThemeChoice::dark:
      application.setPalette(dark_palette());
      break;
  }
}

double contrast(const QColor& a, const QColor& b) {
  const double first = luminance(a);
  const double second = luminance(b);
  return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

QColor readable_on(const QColor& background) {
  const QColor dark(0x10, 0x14, 0x1a);
  return contrast(background, Qt::white) >= contrast(background, dark) ? QColor(Qt::white) : dark;
}

QColor mixed(const QColor& over, const QColor& under, double share) {
  const auto blend = [share](int a, int b) { return static_cast<int>(std::lround(share * a + (1 - share) * b)); };
  return {blend(over.red(), under.red()), blend(over.green(), under.green()), blend(over.blue(), under.blue())};
}

}  // namespace quell::gui
