/** How a row becomes a prompt: templates, columns, chats of one turn and of many. */
package io.foresight.engine.prompt;
