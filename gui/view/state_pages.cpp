#include "gui/view/state_pages.hpp"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QFontDatabase>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/model/wording.hpp"
#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

constexpr int kColumnWidth = 560;

/// A column in the middle of the page.
QVBoxLayout* centred_column(QWidget* page) {
  auto* outer = new QHBoxLayout(page);
  auto* column = new QWidget(page);
  column->setMaximumWidth(kColumnWidth);
  outer->addStretch(1);
  outer->addWidget(column, 1000);  // as wide as it may be
  outer->addStretch(1);
  column->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
  auto* layout = new QVBoxLayout(column);
  layout->setSpacing(10);
  return layout;
}

QLabel* add_title(QVBoxLayout* layout, const QString& text) {
  auto* label = new QLabel(text);
  QFont font = label->font();
  font.setPointSizeF(font.pointSizeF() * 1.6);
  font.setBold(true);
  label->setFont(font);
  label->setWordWrap(true);
  layout->addWidget(label);
  return label;
}

QLabel* add_paragraph(QVBoxLayout* layout, const QString& text) {
  auto* label = new QLabel(text);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  layout->addWidget(label);
  return label;
}

void add_command(QVBoxLayout* layout, const QString& command) {
  auto* row = new QHBoxLayout;
  auto* label = new QLabel(command);
  label->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  label->setContentsMargins(10, 6, 10, 6);
  label->setAutoFillBackground(true);
  label->setBackgroundRole(QPalette::Base);
  auto* copy = new QPushButton(QStringLiteral("Copy"));
  copy->setAccessibleName(QStringLiteral("Copy command ") + command);
  QObject::connect(copy, &QPushButton::clicked, copy, [command] { QApplication::clipboard()->setText(command); });
  row->addWidget(label, 1);
  row->addWidget(copy);
  layout->addLayout(row);
}

QPushButton* open_button(QWidget* parent) {
  auto* open = new QPushButton(QStringLiteral("Open a trace…"), parent);
  open->setAccessibleName(QStringLiteral("Open a trace"));
  return open;
}

}  // namespace

EmptyPage::EmptyPage(QWidget* parent) : QWidget(parent) {
  auto* layout = centred_column(this);
  add_title(layout, QStringLiteral("No trace is open"));
  add_paragraph(layout, QStringLiteral("A trace holds every query of a service with its request, binds and call site. "
                                       "The viewer finds what makes it slow and shows why."));
  auto* open = open_button(this);
  connect(open, &QPushButton::clicked, this, &EmptyPage::open_requested);
  layout->addWidget(open, 0, Qt::AlignLeft);
  layout->addSpacing(14);
  add_paragraph(layout, QStringLiteral("Record a service that links the tracer:"));
  add_command(layout, QStringLiteral("QUELL_TRACE=service.qtr ./service"));
  add_paragraph(layout, QStringLiteral("Or make a sample trace with the demonstration:"));
  add_command(layout, QStringLiteral("quell demo --keep demo"));
}

LoadingPage::LoadingPage(QWidget* parent) : QWidget(parent) {
  auto* layout = centred_column(this);
  title_ = add_title(layout, {});
  step_ = add_paragraph(layout, {});
  bar_ = new QProgressBar(this);
  bar_->setRange(0, 1000);
  bar_->setTextVisible(false);
  bar_->setAccessibleName(QStringLiteral("Loading"));
  cancel_ = new QPushButton(QStringLiteral("Cancel"), this);
  cancel_->setAccessibleName(QStringLiteral("Cancel loading"));
  layout->addWidget(bar_);
  layout->addWidget(cancel_, 0, Qt::AlignLeft);
  connect(cancel_, &QPushButton::clicked, this, &LoadingPage::cancel_requested);
}

void LoadingPage::begin(const QString& path) {
  title_->setText(QStringLiteral("Reading ") + QFileInfo(path).fileName());
  step_->setText(QStringLiteral("Opening"));
  bar_->setRange(0, 1000);
  bar_->setValue(0);
}

void LoadingPage::set_progress(qulonglong done, qulonglong total) {
  bar_->setRange(0, 1000);
  bar_->setValue(total == 0 ? 0 : static_cast<int>(done * 1000 / total));
  step_->setText(QStringLiteral("%1 of %2").arg(format_bytes(done), format_bytes(total)));
}

void LoadingPage::set_step(const QString& step) {
  bar_->setRange(0, 0);  // how long an analysis step takes is not known
  step_->setText(step);
}

ErrorPage::ErrorPage(QWidget* parent) : QWidget(parent) {
  auto* layout = centred_column(this);
  title_ = add_title(layout, {});
  sentence_ = add_paragraph(layout, {});
  auto* open = open_button(this);
  open->setText(QStringLiteral("Open another trace…"));
  connect(open, &QPushButton::clicked, this, &ErrorPage::open_requested);
  layout->addWidget(open, 0, Qt::AlignLeft);
}

void ErrorPage::show_error(const QString& path, const QString& sentence) {
  title_->setText(QStringLiteral("Cannot show ") + QFileInfo(path).fileName());
  sentence_->setText(sentence);
}

}  // namespace quell::gui
