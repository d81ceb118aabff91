// Small drawings of the console's own; each takes the colour of the text around it.

import type { ReactElement } from "react";

export const Logo = (): ReactElement => (
  <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
    <path d="M3 19 12 6l5 7 3.500-5L29 19z" fill="#e8f4f4" />
    <path d="M3 20.500h26c-1.600 4.700-6.600 7.500-13 7.500S4.600 25.200 3 20.500z" fill="#35c0b8" />
  </svg>
);

const icon = (path: ReactElement): ReactElement => (
  <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.800" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
    {path}
  </svg>
);

export const GoodIcon = () => icon(<><circle cx="8" cy="8" r="6.500" /><path d="m5.200 8.200 2 2 3.600-4.200" /></>);
export const BadIcon = () => icon(<><circle cx="8" cy="8" r="6.500" /><path d="m5.800 5.800 4.400 4.400m0-4.400-4.400 4.400" /></>);
export const BusyIcon = () => icon(<g className="spin"><path d="M8 1.500a6.500 6.500 0 1 1-6.500 6.500" /></g>);
export const IdleIcon = () => icon(<><circle cx="8" cy="8" r="6.500" strokeDasharray="2.500 2.600" /></>);
export const StoppedIcon = () => icon(<><circle cx="8" cy="8" r="6.500" /><path d="M5.500 8h5" /></>);
export const MoonIcon = () => icon(<path d="M13.500 9.600A6 6 0 0 1 6.400 2.500a6 6 0 1 0 7.100 7.100z" />);
export const SunIcon = () => icon(<><circle cx="8" cy="8" r="3" /><path d="M8 1v1.200M8 13.800V15M1 8h1.200M13.800 8H15M3 3l.9.9M12.100 12.100l.9.9M13 3l-.9.9M3.900 12.100 3 13" /></>);
export const TableIcon = () => icon(<><rect x="1.800" y="2.500" width="12.400" height="11" rx="1.500" /><path d="M2 6.300h12M6.500 6.300v7" /></>);
export const ChartIcon = () => icon(<path d="M2.500 13.500V8.500M6.200 13.500v-10M9.900 13.500v-7M13.500 13.500v-4" />);
export const DownloadIcon = () => icon(<path d="M8 2v8m0 0 3-3m-3 3L5 7M2.500 12.500v1.300h11v-1.300" />);
export const DatabaseIcon = () => icon(<><ellipse cx="8" cy="3.800" rx="5.500" ry="2.200" /><path d="M2.500 3.800v8.400c0 1.200 2.500 2.200 5.500 2.200s5.500-1 5.500-2.200V3.800M2.500 8c0 1.200 2.500 2.200 5.500 2.200s5.500-1 5.500-2.200" /></>);
export const SignOutIcon = () => icon(<path d="M6 2.500H3v11h3M10.500 5l3 3-3 3m3-3H6.500" />);

export const EmptyDrawing = () => (
  <svg width="96" height="64" viewBox="0 0 96 64" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
    <path d="M8 40 30 12l12 15 9-12 23 25" />
    <path d="M4 40h88M14 47h68M26 54h44M38 61h20" />
  </svg>
);
