#include "store/absence_table.h"

namespace couponsync {

AbsenceTable::AbsenceTable(SQLite::Database& database)
    : add_(database,
           "INSERT INTO absence (coupon_id, since, since_order, pass, stage, stage_order, stage_at)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
           " ON CONFLICT (coupon_id) DO NOTHING"),
      update_(database,
              "UPDATE absence SET pass = ?2, stage = ?3, stage_order = ?4, stage_at = ?5 WHERE coupon_id = ?1"
              " AND (pass, stage, stage_order, stage_at) IS NOT (?2, ?3, ?4, ?5)"),
      remove_(database, "DELETE FROM absence WHERE coupon_id = ?1"),
      of_user_(database,
               "SELECT c.id, c.coupon_state, c.stock_id, c.product_coupon_id, s.product_coupon_id,"
               " c.unlisted_since IS NOT NULL, a.since, a.since_order, a.pass, a.stage, a.stage_order,"
               " a.stage_at"
               " FROM coupon AS c JOIN absence AS a ON a.coupon_id = c.id"
               " LEFT JOIN stock AS s ON s.stock_id = c.stock_id"
               " WHERE c.appid = ?1 AND c.openid = ?2 AND c.missing_since IS NULL") {}

void AbsenceTable::add(const Absence& absence) {
  const AbsenceSearch& search = absence.search;
  add_.run(absence.coupon_id, absence.since, absence.since_order, search.pass, search.stage,
           search.stage_order, search.stage_at);
}

void AbsenceTable::update(const Absence& absence) {
  const AbsenceSearch& search = absence.search;
  update_.run(absence.coupon_id, search.pass, search.stage, search.stage_order, search.stage_at);
}

void AbsenceTable::remove(std::int64_t coupon) { remove_.run(coupon); }

std::vector<Absence> AbsenceTable::of_user(const ListingKey& listing) {
  std::vector<Absence> absences;
  of_user_.query(
      [&](const Row& row) {
        Absence absence;
        absence.coupon_id = row.integer(0).value();
        absence.state = row.text(1);
        absence.scope = {.stock_id = row.text(2).value(),
                         .product_coupon_id = row.text(3),
                         .product_coupon_id_of_stock = row.text(4)};
        absence.is_unlisted = row.integer(5) == 1;
        absence.since = row.integer(6).value();
        absence.since_order = row.integer(7).value();
        absence.search = {.pass = row.integer(8).value(),
                          .stage = row.integer(9).value(),
                          .stage_order = row.integer(10).value(),
                          .stage_at = row.integer(11).value()};
        absences.push_back(std::move(absence));
      },
      listing.appid, listing.openid.reveal());
  return absences;
}

}  // namespace couponsync
