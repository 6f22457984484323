# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A boot sector that opens the guest agent's port, and then never answers: a router whose agent hangs.
# It drives the virtio-serial controller in PCI slot 3 by virtio's legacy interface (virtio 1.1, 2.7, 4.1.4.8 and 5.3.6), and
# waits before it does so, so that those who wait for the port really wait.

.set WAIT, 1500000      # microseconds
.set SLOT, 0x80001800   # PCI configuration address of 00:03.0
.set RING, 0x10000      # the transmit control queue's ring
.set CONTROL_QUEUE, 3

.code16
.globl _start
_start:
    cli
    xor %ax, %ax
    mov %ax, %ss
    mov %ax, %ds
    mov $0x7c00, %sp
    cld
    sti
    mov $0x8600, %ax            # BIOS: wait
    mov $(WAIT >> 16), %cx
    mov $(WAIT & 0xffff), %dx
    int $0x15

    mov $(SLOT + 4), %eax       # command register: I/O ports and bus mastering
    call select
    in %dx, %eax
    or $5, %al
    out %eax, %dx
    mov $(SLOT + 0x10), %eax    # the I/O ports' base
    call select
    in %dx, %eax
    and $0xfffc, %ax
    mov %ax, %bx

    lea 18(%bx), %dx            # device status: reset, then "acknowledged, driver"
    xor %al, %al
    out %al, %dx
    mov $3, %al
    out %al, %dx
    lea 4(%bx), %dx             # features: several ports
    mov $2, %eax
    out %eax, %dx

    push $(RING >> 4)
    pop %es
    xor %di, %di
    xor %ax, %ax
    mov $0x3000, %cx
    rep stosb                   # an empty ring
    lea 14(%bx), %dx
    mov $CONTROL_QUEUE, %ax
    out %ax, %dx
    lea 12(%bx), %dx
    in %dx, %ax                 # its size
    shl $4, %ax
    mov %ax, %bp                # where the available ring begins
    lea 8(%bx), %dx
    mov $(RING >> 12), %eax
    out %eax, %dx
    lea 18(%bx), %dx            # "driver runs"
    mov $7, %al
    out %al, %dx

    xor %di, %di                # one descriptor for each message, each also in the available ring
    xor %si, %si
    mov $0x7c00 + (messages - _start), %eax
next:
    mov %eax, %es:(%di)
    movw $8, %es:8(%di)
    mov %si, %cx
    shl $1, %cx
    push %di
    mov %bp, %di
    add %cx, %di
    mov %si, %es:4(%di)
    pop %di
    add $8, %eax
    add $16, %di
    inc %si
    cmp $3, %si
    jne next
    mov %bp, %di
    mov %si, %es:2(%di)
    lea 16(%bx), %dx            # notify
    mov $CONTROL_QUEUE, %ax
    out %ax, %dx
    cli
halt:
    hlt
    jmp halt

select:
    mov $0xcf8, %dx
    out %eax, %dx
    mov $0xcfc, %dx
    ret

messages:                       # port, event, value
    .long 0
    .word 0, 1                  # device ready
    .long 1
    .word 3, 1                  # port ready
    .long 1
    .word 6, 1                  # port open
