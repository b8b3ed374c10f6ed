/**
 * Models that give a text a score or a label. A reward of a model asks one; nothing here is
 * decoded.
 */
package io.foresight.model.classifier;
