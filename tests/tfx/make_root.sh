#!/usr/bin/env bash
# Makes a Debian 13 folder with TFX 1.21, whose wheels need a newer glibc than many machines have.
# Usage, as root: unshare --mount make_root.sh FOLDER, so that no mount is left. MIRROR is the
# Debian mirror; by default the one of apt.
set -euo pipefail
root=$1
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep debian | grep -v security | head -n 1)}

command -v debootstrap >/dev/null || apt-get install --yes debootstrap
mkdir -p "$root"
packages=python3,python3-venv,python3-dev,gcc,g++,ca-certificates
debootstrap --variant=minbase --include=$packages trixie "$root" \
    "${mirror:-http://deb.debian.org/debian}"

# What package clients need here: name servers, certificates, indexes.
cp /etc/resolv.conf "$root/etc/"
cp --recursive /etc/ssl/certs "$root/etc/ssl/"
cp --recursive /etc/apt/apt.conf.d "$root/etc/apt/"
if [ -f /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/"; fi
mkdir -p "$root/root/.config"
for client in pip uv; do
    if [ -d ~/.config/$client ]; then cp --recursive ~/.config/$client "$root/root/.config/"; fi
done
mount -t proc proc "$root/proc"

# TFX itself calls pip. uv resolves TFX's requirements in seconds; pip may not.
chroot "$root" python3 -m venv /venv
chroot "$root" /venv/bin/pip install --quiet uv setuptools wheel
# Compiled once, or each of a pipeline's processes compiles all of TFX anew.
chroot "$root" /venv/bin/uv pip install --python /venv/bin/python --compile-bytecode \
    tfx==1.21.0 tensorflow-recommenders==0.7.7 tf-keras 'kfp>=2.6,<2.17'
# An emulator of BigQuery, apart: it wants other versions. Its DuckDB would download an extension.
chroot "$root" /venv/bin/uv venv --quiet --python /venv/bin/python /bigquery
chroot "$root" /venv/bin/uv pip install --python /bigquery/bin/python \
    bqemulator==1.4.0 numpy duckdb-extensions duckdb-extension-spatial
chroot "$root" /bigquery/bin/python -c \
    "import duckdb_extensions; duckdb_extensions.import_extension('spatial')"
echo "now: RECGEN_TFX_ROOT=$root make test-tfx"
