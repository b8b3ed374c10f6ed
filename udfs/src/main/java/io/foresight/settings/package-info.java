/**
 * What a setting is, and how settings are read, checked and written down. Every other room declares
 * its own here.
 *
 * <p>A new setting is a constant of type {@link io.foresight.settings.Setting} in the room that
 * reads it.
 */
package io.foresight.settings;
