// The site's policy for its pages lets no text become a program. Asked in time, zod doesn't try.
import { config } from 'zod';

config({ jitless: true });
