#pragma once

#include <QColor>
#include <QPalette>
#include <cstdint>

#include "analyzer/detect/finding.hpp"
#include "gui/model/session.hpp"

class QApplication;

namespace quell::gui {

/// Colours that a palette has no role for. Derived from the palette's own lightness, so they follow the desktop. The
/// query colours differ in lightness too (after Okabe and Ito) and are never the only sign of anything.
struct Theme {
  bool dark = false;
  QColor muted;  ///< secondary text; at least 4.5:1 on the base colour
  QColor grid;
  QColor panel;    ///< cards and lane groups, between base and window
  QColor finding;  ///< outline of what belongs to a finding
  QColor accent;
  QColor warning_background;
  QColor warning_text;
  QColor sql_keyword;
  QColor sql_string;
  QColor sql_number;
  QColor sql_parameter;
  QColor sql_comment;

  [[nodiscard]] static Theme of(const QPalette& palette);
  [[nodiscard]] QColor of(QueryClass query_class) const;
  [[nodiscard]] QColor of(detect::Severity severity) const;
};

enum class ThemeChoice : std::uint8_t { desktop, light, dark };

/// Fusion, with an own palette unless the desktop's is to be kept.
void apply_theme(QApplication& application, ThemeChoice choice);

/// Contrast ratio of WCAG 2, 1 to 21.
[[nodiscard]] double contrast(const QColor& a, const QColor& b);
/// Black or white, whichever is easier to read on `background`.
[[nodiscard]] QColor readable_on(const QColor& background);
/// `share` of `over` on top of `under`.
[[nodiscard]] QColor mixed(const QColor& over, const QColor& under, double share);

}  // namespace quell::gui
