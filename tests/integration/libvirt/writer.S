# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A boot sector that fills its disk, 32 KiB after 32 KiB, by the BIOS's extended write: a router that needs more room than its host has.

.set SECTORS, 64

.code16
.globl _start
_start:
    xor %ax, %ax
    mov %ax, %ss
    mov %ax, %ds
    mov $0x7c00, %sp
    sti
again:
    mov $0x4300, %ax
    mov $0x80, %dl              # the first disk
    mov $(0x7c00 + packet - _start), %si
    int $0x13
    addl $SECTORS, (0x7c00 + block - _start)
    jmp again
packet:
    .byte 16, 0
    .word SECTORS
    .word 0x8000, 0             # what lies in memory there
block:
    .quad SECTORS
