/**
 * The steps of curate, each of which says of every row whether it is kept, and if not, why. Equal
 * rows give equal results, however they are cut into partitions: ties are decided by rank.
 */
package io.foresight.jobs.curate.step;
