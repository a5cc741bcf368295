#pragma once

#include <QPlainTextEdit>

namespace quell::gui {

/// Read-only SQL or code, highlighted, with a copy button's worth of selection. Its height follows its text up to
/// `set_most_lines`.
class SqlView : public QPlainTextEdit {
  Q_OBJECT
 public:
  explicit SqlView(QWidget* parent = nullptr);
  void set_sql(const QString& sql);
  /// 0: takes the room it is given.
  void set_most_lines(int lines);

  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void fit_height();
  void highlight();
  int most_lines_ = 0;
};

}  // namespace quell::gui
