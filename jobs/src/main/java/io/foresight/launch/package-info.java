/** What stands before Spark's own entry point. It needs no class of Foresight's other packages. */
package io.foresight.launch;
