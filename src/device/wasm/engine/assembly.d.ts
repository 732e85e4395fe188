// The integer and float types of AssemblyScript, for the one file that is compiled as both languages.
type u32 = number;
type i32 = number;
/** A float that goes into a command: its bits, made by `floatBits` (encode.ts), never a plain number. */
type f32 = number & { readonly __bits: unique symbol };
