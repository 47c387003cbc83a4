#!/bin/sh
# Builds the Debian packages of this release of Debian: installs what is missing, builds as Debian builds, leaves
# couponsyncd_*.deb and couponsyncd-sandbox_*.deb in build/package.
#   systemd/packaging/build-package.sh [BUILD_FOLDER]     where to build, instead of build/package-build
set -eu
umask 022

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/package-build}
packages=$root/build/package

"$root/systemd/packaging/install-packages.sh"

# Debian's hardening; the optimization is CMake's own.
export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CXXFLAGS_STRIP="-g -O2"
cd "$root" # whose name dpkg-buildflags keeps out of the program
case $(sed -n 's/^VERSION_ID="*\([0-9]*\).*/\1/p' /etc/os-release) in
  12) units=/lib/systemd/system ;;
  *) units=/usr/lib/systemd/system ;;
esac
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_SYSCONFDIR=/etc \
  -DCOUPONSYNCD_BUILD_TESTS=OFF -DCOUPONSYNCD_BUILD_SANDBOX=ON -DCOUPONSYNCD_UNIT_DIR="$units" \
  "-DCMAKE_CXX_FLAGS=$(dpkg-buildflags --get CPPFLAGS) $(dpkg-buildflags --get CXXFLAGS)" \
  "-DCMAKE_EXE_LINKER_FLAGS=$(dpkg-buildflags --get LDFLAGS)"
cmake --build "$build"
strip --strip-unneeded --remove-section=.comment "$build/daemon/couponsyncd" "$build/tests/sandbox/couponsyncd-sandbox"

mkdir -p "$packages"
rm -f "$packages"/couponsyncd*.deb
(cd "$build" && cpack -G DEB -B "$packages")
rm -rf "$packages/_CPack_Packages"
ls "$packages"/couponsyncd*.deb
