#include "store/fields.h"

namespace couponsync {
namespace {

template <class Write>
std::string list(const std::vector<std::string_view>& columns, Write write) {
  std::string text;
  for (const std::string_view column : columns) {
    if (!text.empty()) text += ", ";
    text += write(column);
  }
  return text;
}

std::string plain(std::string_view column) { return std::string(column); }
std::string excluded(std::string_view column) { return "excluded." + std::string(column); }
std::string assigned(std::string_view column) { return plain(column) + " = " + excluded(column); }
std::string parameter(std::string_view) { return "?"; }

}  // namespace

std::string Upsert::sql() const {
  std::vector<std::string_view> all = keys;
  all.insert(all.end(), insert_only.begin(), insert_only.end());
  all.insert(all.end(), columns.begin(), columns.end());
  const std::string name(table);
  std::string text = "INSERT INTO " + name + " (" + list(all, plain) + ") VALUES (" + list(all, parameter) +
                     ") ON CONFLICT (" + list(keys, plain) + ") DO UPDATE SET " + list(columns, assigned);
  if (only_if_different) {
    const auto current = [&](std::string_view column) { return name + "." + plain(column); };
    text += " WHERE (" + list(columns, current) + ") IS NOT (" + list(columns, excluded) + ")";
  }
  return text;
}

}  // namespace couponsync
