#include "sync/freshness/change_rate.h"

#include <algorithm>
#include <numbers>

namespace couponsync {
namespace {

/// What the mean of all weighs in the estimate of one: that many receipts, or uses.
constexpr double kReceiptPrior = 0.4;
constexpr double kUsePrior = 1.5;

}  // namespace

double ChangeRates::weighted_seconds(double age) {
  return age > 0 ? kReceiptHalfLife / std::numbers::ln2 * (1 - weight(age)) : 0;
}

void ChangeRates::settle_sums(Moment now) {
  if (now <= updated_) return;
  const double share = updated_ == 0 ? 1 : decayed_share(now - updated_, kReceiptHalfLife);
  receipts_ *= share;
  watched_ *= share;
  updated_ = now;
}

void ChangeRates::settle(ChangeRecord& record, Moment now) {
  settle_sums(now);
  const double age = now - record.updated;
  if (age <= 0) return;
  if (record.updated != 0) {
    // A record and the sums fade at the same rate: the sums stay those of all records.
    const auto receipts = static_cast<float>(decayed_share(age, kReceiptHalfLife));
    const auto uses = static_cast<float>(decayed_share(age, kUseHalfLife));
    record.receipts *= receipts;
    record.watched *= receipts;
    record.uses *= uses;
    record.expected_uses *= uses;
  }
  record.updated = static_cast<std::uint32_t>(now);
}

void ChangeRates::set_receipts(ChangeRecord& record, double faded) {
  add_receipts(record, faded - record.receipts);
}

void ChangeRates::set_watched(ChangeRecord& record, double faded) {
  add_watched(record, faded - record.watched);
}

void ChangeRates::add_receipts(ChangeRecord& record, double receipts) {
  record.receipts += static_cast<float>(receipts);
  receipts_ = std::max(0.0, receipts_ + receipts);
}

void ChangeRates::add_watched(ChangeRecord& record, double seconds) {
  record.watched += static_cast<float>(seconds);
  watched_ = std::max(0.0, watched_ + seconds);
}

void ChangeRates::remove(ChangeRecord& record, Moment now) {
  settle(record, now);
  set_receipts(record, 0);
  set_watched(record, 0);
}

double ChangeRates::receipt_rate(const ChangeRecord& record) const {
  return (record.receipts + kReceiptPrior) / (record.watched + kReceiptPrior / mean());
}

double ChangeRates::use_factor(const ChangeRecord& record) {
  return (record.uses + kUsePrior) / (record.expected_uses + kUsePrior);
}

}  // namespace couponsync
