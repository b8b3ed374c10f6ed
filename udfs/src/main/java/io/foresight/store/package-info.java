/**
 * Where models come from: folders, Hadoop's file systems, Spark's files, and the copies that a host
 * keeps.
 */
package io.foresight.store;
