# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

.PHONY: help setup demo demo-clean test lint types sanity units playbooks integration molecule bench options clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## provision two routers on this machine's libvirt
	@tests/run/demo

demo-clean: ## remove exactly what `make demo` made
	@tests/run/demo --clean

test: ## set everything up, then run every check and every test
	@tests/run/all

setup: ## install what development needs: system packages and .venv
	@tests/run/setup

lint: setup ## style of code, playbooks, documentation and changelog
	@tests/run/sanity ruff shellcheck yamllint ansible-lint docs changelog

types: setup ## mypy
	@tests/run/sanity mypy

sanity: setup ## ansible-test sanity, and the checks of Galaxy's import on the built collection
	@tests/run/sanity ansible-test artifact

units: setup ## unit tests on every Python of 3.10 to 3.13 that is there
	@tests/run/units

playbooks: setup ## playbooks on simulated routers, with the oldest ansible-core that is supported and with .venv's
	@tests/run/playbooks

integration: setup ## tests on real libvirt and QEMU, apart from the machine's own, and on simulated RouterBOARDs
	@tests/run/integration

molecule: setup ## the Molecule scenarios: kvm on real libvirt and QEMU (CHR_IMAGE=path: a real CHR), proxmox and metarouter on a simulated Proxmox VE and board
	@tests/run/molecule

bench: setup ## measure speed: against bare libvirt, and on a simulated Proxmox VE
	@tests/run/bench

options: setup ## write what repeats the modules' options: argument specifications, defaults, fragments
	@tests/run/options

clean: ## remove every generated file, .venv included
	rm -rf .build .venv
