#include "sim/disturbances.h"

#include <SQLiteCpp/Database.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace couponsync::sim {

namespace fs = std::filesystem;

Disturbances::Disturbances(std::map<std::string, std::int64_t>& counts) : counts_(counts) {}
Disturbances::~Disturbances() = default;

void Disturbances::begin_fault(const Event& event, std::chrono::nanoseconds until) {
  if (kill_) return;
  constexpr std::array<FileFault::Call, 6> kCalls{
      FileFault::Call::write, FileFault::Call::write,    FileFault::Call::checkpoint_write,
      FileFault::Call::sync,  FileFault::Call::truncate, FileFault::Call::open};
  const FileFault::Call call = kCalls[event.dice % kCalls.size()];
  const int error = (event.dice >> 8U) % 2 == 0 ? ENOSPC : EIO;
  fault_.reset();
  fault_until_ = until;
  if (event.amount == 0)
    fault_.reset(new FileFault(FileFault::from_now_on(call, error)));
  else
    fault_.reset(new FileFault(FileFault::at(call, event.amount, error)));
}

void Disturbances::end_fault() {
  if (!fault_) return;
  if (fault_->struck()) ++counts_["disk fault struck"];
  fault_.reset();
}

void Disturbances::begin_foreign(const Event& event, std::chrono::nanoseconds until, const fs::path& mirror) {
  release_others();
  if (fault_) return;
  const bool writes = event.kind == Event::Kind::foreign_writer;
  other_ = std::make_unique<SQLite::Database>(mirror.string(),
                                              writes ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY);
  other_until_ = until;
  try {
    other_->exec(writes ? "BEGIN IMMEDIATE" : "BEGIN");
    other_->execAndGet("SELECT count(*) FROM coupon");
  } catch (const SQLite::Exception&) {
    other_.reset();
  }
}

void Disturbances::release_others() { other_.reset(); }

void Disturbances::end_due(std::chrono::nanoseconds now) {
  if (fault_ && fault_until_ <= now) end_fault();
  if (other_ && other_until_ <= now) other_.reset();
}

void Disturbances::end_all() {
  end_fault();
  release_others();
  if (!is_killed_) kill_.reset();
}

void Disturbances::kill_at_write(std::int64_t nth, const fs::path& from, const fs::path& image) {
  if (kill_ || fault_) return;
  image_ = image;
  kill_.reset(new FileFault(FileFault::call_at(FileFault::Call::write, nth, [this, from] {
    fs::create_directory(image_);
    for (const auto& entry : fs::directory_iterator(from))
      fs::copy_file(entry.path(), image_ / entry.path().filename());
    is_killed_ = true;
  })));
}

void Disturbances::disarm_kill() { kill_.reset(); }

fs::path Disturbances::take_image() {
  disarm_kill();
  is_killed_ = false;
  return image_;
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_file(const fs::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

}  // namespace couponsync::sim
