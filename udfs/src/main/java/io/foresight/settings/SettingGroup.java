package io.foresight.settings;

import java.util.List;

/**
 * The settings of a room. Found by {@link java.util.ServiceLoader}: name the class in {@code
 * META-INF/services/io.foresight.settings.SettingGroup}. It needs a public constructor without
 * parameters.
 */
public interface SettingGroup {

  /** Its settings, in the order in which pages list them. */
  List<Setting<?>> settings();
}
