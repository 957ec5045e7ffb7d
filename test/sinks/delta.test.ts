/** Delta tables over a directory. */
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { deltaContract } from '../contracts/delta.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';

deltaContract('directory', async (t) => directoryObjects(await temporaryFolder(t)));
