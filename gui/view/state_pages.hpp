#pragma once

#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;

namespace quell::gui {

/// No trace is open: how to open one and how to record one.
class EmptyPage : public QWidget {
  Q_OBJECT
 public:
  explicit EmptyPage(QWidget* parent = nullptr);
 signals:
  void open_requested();
};

class LoadingPage : public QWidget {
  Q_OBJECT
 public:
  explicit LoadingPage(QWidget* parent = nullptr);
  void begin(const QString& path);
  void set_progress(qulonglong done, qulonglong total);
  void set_step(const QString& step);
 signals:
  void cancel_requested();

 private:
  QLabel* title_;
  QLabel* step_;
  QProgressBar* bar_;
  QPushButton* cancel_;
};

class ErrorPage : public QWidget {
  Q_OBJECT
 public:
  explicit ErrorPage(QWidget* parent = nullptr);
  void show_error(const QString& path, const QString& sentence);
 signals:
  void open_requested();

 private:
  QLabel* title_;
  QLabel* sentence_;
};

}  // namespace quell::gui
