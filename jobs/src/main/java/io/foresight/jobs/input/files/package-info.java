/** Which files are read, as what, and their bytes: names, patterns, formats, compression, lines. */
package io.foresight.jobs.input.files;
