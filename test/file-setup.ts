import { endFile } from './kit/end-of-file.ts';

endFile();
