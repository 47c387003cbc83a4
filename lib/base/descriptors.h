#pragma once

namespace couponsync {

/// errno's way of saying that the process (EMFILE) or the whole system (ENFILE) has no file descriptor left.
bool is_descriptor_shortage(int error);

/// No file descriptor can be had at this moment. For failures of libraries that do not say what they lacked,
/// such as a resolver that could not open a socket. Any thread.
bool no_descriptor_is_left();

}  // namespace couponsync
