# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The head of the repacked kernel (kernel.py). Entered by the boot loader as the kernel's 32-bit entry point (Linux/x86 boot protocol): flat
# segments, paging off, %esi = boot_params. Unpacks the LZ4 blocks behind itself to where the kernel is linked to run, maps the first 4 GiB
# onto themselves, enters long mode and jumps to the kernel's 64-bit entry point (%rsi = boot_params).

        .set    KERNEL, 0x1000000               # physical address that the kernel is linked for
        .set    SCRATCH, 0x1e4                  # 4 free bytes in boot_params, enough of a stack for one call

        .code32
start:
        cli
        cld
        movl    %esi, %ebp
        leal    SCRATCH + 4(%esi), %esp
        call    here
here:   popl    %ebx
        subl    $(here - start), %ebx           # where the loader put us
        leal    (stack_end - start)(%ebx), %esp

        leal    (tables - start)(%ebx), %edi    # level 4, level 3, four of level 2
        movl    %edi, %cr3
        leal    0x1003(%edi), %eax
        movl    %eax, (%edi)
        movl    $4, %ecx
        leal    0x1000(%edi), %edx
level3: addl    $0x1000, %eax
        movl    %eax, (%edx)
        addl    $8, %edx
        loop    level3
        movl    $0x83, %eax                     # present, writable, 2 MiB
        movl    $2048, %ecx
        leal    0x2000(%edi), %edx
level2: movl    %eax, (%edx)
        addl    $0x200000, %eax
        addl    $8, %edx
        loop    level2

        leal    (descriptors - start)(%ebx), %eax
        movl    %eax, (descriptors_pointer + 2 - start)(%ebx)
        lgdtl   (descriptors_pointer - start)(%ebx)
        movl    $0x20, %eax                     # CR4.PAE
        movl    %eax, %cr4
        movl    $0xc0000080, %ecx               # EFER
        rdmsr
        orl     $0x100, %eax                    # EFER.LME
        wrmsr
        pushl   $0x10
        leal    (long_mode - start)(%ebx), %eax
        pushl   %eax
        movl    $0x80000001, %eax               # CR0.PG, CR0.PE
        movl    %eax, %cr0
        lretl

        .code64
long_mode:
        movl    $0x18, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss

# Copies go by eight bytes, since every step of a "rep" is dear without KVM. That writes up to seven bytes too many, which the next copy
# overwrites: so the pointers are set from the true length (%r8, %r9) afterwards.
        leaq    blocks(%rip), %rsi
        movl    $KERNEL, %edi
block:                                          # length (4 bytes), then sequences; a length of 0 ends them
        lodsl
        testl   %eax, %eax
        jz      unpacked
        leaq    (%rsi, %rax), %rdx
sequence:                                       # token, literals, offset, match
        movzbl  (%rsi), %eax
        incq    %rsi
        movl    %eax, %ecx
        shrl    $4, %ecx
        cmpl    $15, %ecx
        jne     literals
more_literals:
        movzbl  (%rsi), %ebx
        incq    %rsi
        addl    %ebx, %ecx
        cmpl    $255, %ebx
        je      more_literals
literals:
        leaq    (%rsi, %rcx), %r8
        leaq    (%rdi, %rcx), %r9
        addl    $7, %ecx
        shrl    $3, %ecx
        rep movsq
        movq    %r8, %rsi
        movq    %r9, %rdi
        cmpq    %rdx, %rsi                      # a block's last sequence has no match
        jae     block
        movzwl  (%rsi), %r10d
        addq    $2, %rsi
        andl    $15, %eax
        movl    %eax, %ecx
        cmpl    $15, %ecx
        jne     match
more_match:
        movzbl  (%rsi), %ebx
        incq    %rsi
        addl    %ebx, %ecx
        cmpl    $255, %ebx
        je      more_match
match:
        addl    $4, %ecx
        movq    %rsi, %r8
        leaq    (%rdi, %rcx), %r9
        movq    %rdi, %rsi
        subq    %r10, %rsi
        cmpl    $1, %r10d
        je      fill
        cmpl    $8, %r10d
        jb      overlapping
        addl    $7, %ecx
        shrl    $3, %ecx
        rep movsq
        jmp     matched
fill:                                           # one byte over and over, zeros above all
        movzbl  (%rsi), %eax
        movabsq $0x0101010101010101, %rbx
        imulq   %rbx, %rax
        addl    $7, %ecx
        shrl    $3, %ecx
        rep stosq
        jmp     matched
overlapping:
        rep movsb
matched:
        movq    %r8, %rsi
        movq    %r9, %rdi
        jmp     sequence

unpacked:
        movl    %ebp, %esi
        movl    $KERNEL, %eax
        jmp     *%rax

        .balign 8
descriptors:                                    # 0x10: 64-bit code, 0x18: data, as the kernel wants them
        .quad   0, 0
        .quad   0x00af9a000000ffff
        .quad   0x00cf92000000ffff
descriptors_pointer:
        .word   . - descriptors - 1
        .long   0
        .fill   64, 1, 0
stack_end:
        .balign 4096
tables:
        .fill   6 * 4096, 1, 0
blocks:
