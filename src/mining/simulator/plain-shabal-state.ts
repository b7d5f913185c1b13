// The words of Shabal-256 before the first block of a message, as its authors' document gives them.

/** The 12 words A. */
export const INITIAL_A: readonly number[] = [
  0x52f8_4552, 0xe54b_7999, 0x2d8e_e3ec, 0xb964_5191, 0xe007_8b86, 0xbb7c_44c9, 0xd2b5_c1ca, 0xb0d2_eb8c,
  0x14ce_5a45, 0x22af_50dc, 0xeffd_bc6b, 0xeb21_b74a,
];
/** The 16 words B. */
export const INITIAL_B: readonly number[] = [
  0xb555_c6ee, 0x3e71_0596, 0xa72a_652f, 0x9301_515f, 0xda28_c1fa, 0x696f_d868, 0x9cb6_bf72, 0x0afe_4002,
  0xa6e0_3615, 0x5138_c1d4, 0xbe21_6306, 0xb38b_8890, 0x3ea8_b96b, 0x3299_ace4, 0x3092_4dd4, 0x55cb_34a5,
];
/** The 16 words C. */
export const INITIAL_C: readonly number[] = [
  0xb405_f031, 0xc423_3eba, 0xb373_3979, 0xc0dd_9d55, 0xc51c_28ae, 0xa327_b8e1, 0x56c5_6167, 0xed61_4433,
  0x88b5_9d60, 0x60e2_ceba, 0x758b_4b8b, 0x83e8_2a7f, 0xbc96_8828, 0xe6e0_0bf7, 0xba83_9e55, 0x9b49_1c60,
];
